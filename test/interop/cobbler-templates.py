# Renders templates as Cobbler does: one JSON a line in, one out.
import json
import sys
import warnings

import jinja2
from Cheetah.Template import Template

warnings.simplefilter("ignore")
for line in sys.stdin:
    job = json.loads(line)
    try:
        if job["dialect"] == "jinja":
            text = jinja2.Template(job["text"]).render(job["vars"])
        else:
            text = str(Template(source="#errorCatcher Echo\n" + job["text"], searchList=[job["vars"]]))
            for key, value in job["vars"].items():
                text = text.replace("@@%s@@" % key, str(value))
        print(json.dumps({"text": text}))
    except BaseException as error:
        print(json.dumps({"error": type(error).__name__}))
