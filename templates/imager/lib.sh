# What the imager's own first process and the install script share. Both print to the console; the log has it too.

say() {
  echo "birnam: $*"
  echo "$*" >/run/imager/said
  # The script's words come into the log by the pipe that it stands in.
  [ "$$" != 1 ] || echo "birnam: $*" >>/run/imager/log
}

# ask URL WORD…: curl, with an address that stands in no list of processes: it may hold a token.
ask() {
  local url
  url=$1
  shift
  curl -K - "$@" <<END
url = "$url"
END
}

# tell kind=progress step=… : a report to the server. One that does not arrive changes nothing.
tell() {
  local pair words
  words=
  for pair in "$@"; do words="$words --data-urlencode '$(printf %s "$pair" | sed "s/'/'\\\\''/g")'"; done
  eval "ask \"\$REPORT_URL\" -sS -f -m 30 --retry 5 --retry-connrefused -o /dev/null $words" 2>>/run/imager/reports || :
}

imager_break() {
  case ",${IMAGER_BREAK:-}," in
    *",$1,"*)
      echo "birnam: stopped before the step $1; exit goes on"
      setsid cttyhack sh </dev/console >/dev/console 2>&1
      ;;
  esac
}

# step NAME
step() {
  imager_break "$1"
  say "step $1"
  tell kind=progress "step=$1"
}

# fail SENTENCE: ends the install. The server gets the sentence and the end of the log; the machine keeps a shell.
fail() {
  say "FAILED: $*"
  if [ ! -e /run/imager/reported ]; then
    : >/run/imager/reported
    tell kind=log "text=$(tail -n 200 /run/imager/log | tr -cd '\11\12\40-\176' | tail -c 30000)"
    tell kind=failed "why=$(printf %s "$*" | tr '\n' ' ' | cut -c 1-280)"
  fi
  [ "$$" = 1 ] || exit 1
}
