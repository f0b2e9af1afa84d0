"""Renders one template again and again: {engine, template, context, seconds} on stdin, {rate, text} on stdout."""
import json
import sys
import time

task = json.load(sys.stdin)
if task["engine"] == "jinja2":
    from jinja2 import Environment, StrictUndefined

    template = Environment(undefined=StrictUndefined, keep_trailing_newline=True).from_string(task["template"])
    render = lambda: template.render(**task["context"])
else:
    from Cheetah.Template import Template

    compiled = Template.compile(source=task["template"])
    render = lambda: str(compiled(searchList=[task["context"]]))

for _ in range(300):
    text = render()
count = 0
begin = time.perf_counter()
end = begin + task["seconds"]
while time.perf_counter() < end:
    for _ in range(20):
        render()
    count += 20
print(json.dumps({"rate": count / (time.perf_counter() - begin), "text": text}))
