"""Templates from the broker: what ordinary ones come to, and that hostile ones come to nothing, quickly."""

import contextlib
import resource
import time

import pytest

from edge.home.templates import Template, TemplateFault


@pytest.mark.parametrize(
    ("source", "payload", "result"),
    [
        ("{{ value }}", "ON", "ON"),
        ("  {{ value }}  ", " ON ", "ON"),
        ("{{ value_json.state }}", '{"state": "ON"}', "ON"),
        ("{{ value_json['state'] }}", '{"state": "ON"}', "ON"),
        ("{{ value_json['update']['state'] }}", '{"update": {"state": "idle"}}', "idle"),
        ("{{ value_json.ENERGY.Power }}", '{"ENERGY": {"Power": 42}}', "42"),
        ("{{ value_json.list[1] }}", '{"list": [1, 2]}', "2"),
        ("{{ value_json[0].v }}", '[{"v": 7}]', "7"),
        ("{{ value_json.missing }}", "{}", ""),
        ("{{ value_json.missing | default('none') }}", "{}", "none"),
        ("{{ value_json.missing | d(0) }}", "{}", "0"),
        ("{{ 'on' if value_json.power > 3 else 'off' }}", '{"power": 4}', "on"),
        ("{% if value == '1' %}ON{% elif value == '2' %}HALF{% else %}OFF{% endif %}", "2", "HALF"),
        ("{% if value_json.state is defined %}{{ value_json.state }}{% endif %}", "{}", ""),
        ("{{ '%0.2f' % value_json.t }}", '{"t": 21.456}', "21.46"),
        ("{{ '%d:%02d' % (value|int // 60, value|int % 60) }}", "125", "2:05"),
        ("{{ '%(a)s-%(b)5.1f' % {'a': value, 'b': 2} }}", "x", "x-  2.0"),
        ("{{ '%d%%' % 40 }}", "", "40%"),
        ("{{ value | float | round(1) }}", "21.46", "21.5"),
        ("{{ (value | float / 10) | round(2) }}", "215", "21.5"),
        ("{{ value | float | round }}", "2.6", "3"),
        ("{{ value | float | round(0, 'floor') | int }}", "2.6", "2"),
        ("{{ value | float | round(1, 'ceil') }}", "2.61", "2.7"),
        ("{{ value | int }}", "12.9", "12"),
        ("{{ value | int(5) }}", "x", "5"),
        ("{{ value | float(0) * 1.8 + 32 }}", "20", "68.0"),
        ("{{ float(value) + int('2') }}", "1.5", "3.5"),
        ("{{ {'heat': 'on', 'off': 'off'}[value] }}", "heat", "on"),
        ("{{ {'1': 'open'}.get(value, 'closed') }}", "2", "closed"),
        ("{% set names = {'0': 'off', '1': 'heat'} %}{{ names[value] if value in names else 'auto' }}", "1", "heat"),
        ("{{ value.split(',')[1] }}", "10,20,30", "20"),
        ("{{ (value | split(';'))[0] }}", "a;b", "a"),
        ("{{ value.split(':') | map('int') | sum }}", "1:2:3", "6"),
        ("{{ value | replace('-', '_') | upper }}", "a-b", "A_B"),
        ("{{ value.replace('a', 'b').lower().strip('x') }}", "XA", "a"),
        ("{{ value[2:4] }}", "abcdef", "cd"),
        ("{{ value | trim | title }}", " living room ", "Living Room"),
        ("{{ [1, 2, 3] | join('-') }}", "", "1-2-3"),
        ("{{ value_json | map(attribute='n') | join(', ') }}", '[{"n": "a"}, {"n": "b"}]', "a, b"),
        ("{{ value_json | selectattr('on') | list | count }}", '[{"on": true}, {"on": false}]', "1"),
        ("{{ value_json.values() | max }}", '{"a": 1, "b": 3}', "3"),
        ("{% for key, on in value_json.items() if on %}{{ key }} {% endfor %}", '{"a": true, "b": false}', "a"),
        ("{% for i in range(3) %}{% for j in range(2) %}{{ i * j }}{% endfor %}{% endfor %}", "", "000102"),
        ("{% for c in value %}{{ loop.index }}{{ c }}{% endfor %}", "ab", "1a2b"),
        ("{{ value_json.a ~ ':' ~ value_json.b }}", '{"a": 1, "b": "x"}', "1:x"),
        ("{{ value_json | tojson }}", '{"a": [1, "ü"]}', '{"a": [1, "ü"]}'),
        ("{{ {'state': value, 'color': {'r': 1}} | to_json }}", "ON", '{"state": "ON", "color": {"r": 1}}'),
        ("{{ (value | from_json).x }}", '{"x": 5}', "5"),
        ("{{ iif(value == 'ON', 'open', 'closed') }}", "ON", "open"),
        ("{{ (value == 'ON') | iif('1', '0') }}", "OFF", "0"),
        ("{{ min(100, value | int) }}", "120", "100"),
        ("{{ [value | float, 5] | max }}", "2", "5"),
        ("{{ value | bool }}", "on", "True"),
        ("{{ 2 ** 4 + 7 // 2 - -1 }}", "", "20"),
        ("{{ value.startswith('0x') and not value.endswith('0') }}", "0x1", "True"),
        ("{{ value | multiply(0.1) | round(1) }}", "215", "21.5"),
        ("{% with t = value | int %}{{ t + 1 }}{% endwith %}", "1", "2"),
        ("{% set ns = namespace(n=0) %}{% for i in [1, 2] %}{% set ns.n = ns.n + i %}{% endfor %}{{ ns.n }}", "", "3"),
        ("{# a comment #}{{ value | default('', true) }}", "x", "x"),
    ],
)  # fmt: skip
def test_ordinary_templates(source: str, payload: str, result: str) -> None:
    assert Template(source).value(payload) == result


def test_command_templates_have_the_value_in_its_own_type_and_named_parts() -> None:
    assert Template("{{ value * 2 }}").command(21) == "42"
    assert Template('{"pos": {{ value }}}').command(40) == '{"pos": 40}'
    assert Template("{{ red }},{{ green }},{{ blue }}").command((1, 2, 3), red=1, green=2, blue=3) == "1,2,3"
    assert Template("{{ '#%02x%02x%02x' % (red, green, blue) }}").command(0, red=255, green=0, blue=9) == "#ff0009"


DOUBLED = "{% set a = 'aaaaaaaa' %}" + "{% set a = a ~ a %}" * 10
"""``a`` is a text of 8,192 characters."""
LONG = "{% set a = [1, 2, 3, 4] %}" + "{% set a = a + a %}" * 10
"""``a`` is a list of 4,096 numbers."""

HOSTILE = {
    "long range": "{% for i in range(10**9) %}{% endfor %}",
    "loops inside loops": "{% for a in range(250) %}{% for b in range(250) %}{% for c in range(250) %}{% endfor %}{% endfor %}{% endfor %}",
    "loops over constants": "".join("{% for " + name + " in '" + "x" * 1200 + "' %}" for name in "abc") + "{% endfor %}" * 3,
    "loop after loop": ("{% set a = range(250)|list %}" + "{% for i in a %}{{ i + i + i + i + i + i + i }}{% endfor %}" * 60),
    "recursive loop": "{% for i in [1] recursive %}{{ loop([1]) }}{% endfor %}",
    "loop over doubled text": DOUBLED + "{% for c in a %}{{ a.count('b') }}{% endfor %}",
    "loop that prints": DOUBLED + "{% for c in a %}" + "x" * 1000 + "{% endfor %}",
    "loop that prints into a variable": DOUBLED + "{% set b %}{% for c in a %}" + "x" * 1000 + "{% endfor %}{% endset %}",
    "text times number": "{{ 'a' * 10**9 }}",
    "number times text": "{{ 1000000000 * 'a' }}",
    "list times number": "{{ [0] * 10**9 }}",
    "tuple times number": "{{ (0,) * 10**9 }}",
    "text times boolean sum": "{{ 'a' * (true + 99999999) }}",
    "power tower": "{{ 9**9**9 }}",
    "powers of powers": "{% set a = 999 ** 6 %}" + "{% set a = a * a %}" * 40,
    "float power": "{{ 1e308 ** 1e308 }}",
    "negative power of zero": "{{ 0 ** -1 }}",
    "doubling by ~": "{% set a = 'aaaaaaaa' %}" + "{% set a = a ~ a %}" * 40,
    "doubling by +": "{% set a = 'aaaaaaaa' %}" + "{% set a = a + a %}" * 40,
    "doubling lists by +": "{% set a = [1, 2, 3, 4] %}" + "{% set a = a + a %}" * 40,
    "lists in lists": "{% set a = [1] %}" + "{% set a = [a, a] %}" * 60 + "{{ a }}",
    "lists in lists, compared": "{% set a = [1] %}{% set b = [1] %}" + "{% set a = [a, a] %}{% set b = [b, b] %}" * 40 + "{{ a == b }}",
    "tuples in tuples, as key": "{% set a = (1,) %}" + "{% set a = (a, a) %}" * 60 + "{{ {a: 1} }}",
    "objects in objects": "{% set a = {} %}" + "{% set a = {1: a, 2: a} %}" * 60 + "{{ a | tojson }}",
    "lists in lists, joined": "{% set a = ['x'] %}" + "{% set a = [a, a] %}" * 60 + "{{ 'x' ~ a }}",
    "lists in lists, by values of an object": "{% set a = [1] %}" + "{% set a = {1:a,2:a}.values()|list %}" * 40 + "{{ a }}",
    "lists in lists, by map": "{% set a = [1] %}" + "{% set a = [0,0]|map('default', a, true)|list %}" * 40 + "{{ a }}",
    "printing one text often": DOUBLED + "{{ a }}" * 300,
    "joining one text often": DOUBLED + "{{ a" + "~a" * 1000 + "}}",
    "join by filter": DOUBLED + "{{ a | join(a) }}",
    "join by method": DOUBLED + "{{ a.join(a) }}",
    "join of a range": DOUBLED + "{{ range(256) | join(a) }}",
    "join inside map": DOUBLED + "{{ [a] | map('join', a) | list }}",
    "replace nothing by much": DOUBLED + "{{ a | replace('', a) }}",
    "replace nothing by much, method": DOUBLED + "{{ a.replace('', a) }}",
    "replace a letter by much": DOUBLED + "{{ a | replace('a', a) }}",
    "replace inside map": DOUBLED + "{{ [a] | map('replace', 'a', a) | list }}",
    "replace with a count": DOUBLED + "{{ a.replace('a', a, -1) }}",
    "center": "{{ 'a'.center(10**9) }}",
    "center by filter": "{{ 'a' | center(1000000000) }}",
    "center by map": "{{ ['a'] | map('center', 1000000000) | list }}",
    "ljust": "{{ 'a'.ljust(10**9) }}",
    "rjust": "{{ 'a'.rjust(10**9) }}",
    "zfill": "{{ 'a'.zfill(10**9) }}",
    "expandtabs": "{{ '\t'.expandtabs(10**9) }}",
    "encode": "{{ 'a'.encode('idna') }}",
    "translate": "{{ 'a'.translate({97: 'b'}) }}",
    "indent": "{{ 'a\nb' | indent(1000000000) }}",
    "wordwrap": "{{ 'a b' | wordwrap(1, wrapstring='x') }}",
    "batch": "{{ [1] | batch(1000000000, 0) | list }}",
    "slice": "{{ [1] | slice(1000000000) | list }}",
    "xmlattr": "{{ {'a': 1} | xmlattr }}",
    "pprint": "{{ [1] | pprint }}",
    "urlize": "{{ 'http://a' | urlize }}",
    "lorem ipsum": "{{ lipsum(n=1000) }}",
    "cycler": "{{ cycler('a').next() }}",
    "joiner": "{{ joiner('a')() }}",
    "dict": "{{ dict(a=1) }}",
    "format with a width": "{{ '{:>1000000000}'.format(1) }}",
    "format with a nested width": "{{ '{:>{w}}'.format(1, w=1000000000) }}",
    "format reaching inside": "{{ '{0.__class__}'.format(1) }}",
    "format_map": "{{ '{a:>1000000000}'.format_map({'a': 1}) }}",
    "format by filter": "{{ '%1000000000d' | format(1) }}",
    "format by map": "{{ ['%1000000000d'] | map('format', 1) | list }}",
    "percent with a width": "{{ '%1000000000d' % 1 }}",
    "percent with a precision": "{{ '%.1000000000f' % 1 }}",
    "percent with a width given": "{{ '%*d' % (1000000000, 1) }}",
    "percent with a named width": "{{ '%(a)1000000000d' % {'a': 1} }}",
    "percent with a flagged width": "{{ '%-+ 0999999999d' % 1 }}",
    "percent of much, often": DOUBLED + "{% set f = '%(a)s' %}" + "{% set f = f ~ f %}" * 9 + "{{ f % {'a': a} }}",
    "round up far": "{{ 1 | round(999999999, 'ceil') }}",
    "round down far": "{{ 12 | round(-999999999) }}",
    "to_json indented": "{{ [1] | to_json(indent=1000000000) }}",
    "tojson indented": "{{ [1] | tojson(indent=1000000000) }}",
    "to_json with separators": DOUBLED + "{{ a | list | to_json(separators=(a, a)) }}",
    "from_json with a class": "{{ '1' | from_json(parse_int=range) }}",
    "sum of lists": LONG + "{{ a | map('list') | sum(start=[]) }}",
    "sum of pairs": LONG + "{% set b = [[1], [2]] %}" + "{% set b = b + b %}" * 10 + "{{ b | sum(start=[]) | count }}",
    "select by membership": LONG + "{{ a | select('in', a) | list | count }}",
    "reject by membership": LONG + "{{ a | reject('in', a | map('string') | list) | list | count }}",
    "map by long attribute": LONG + "{{ a | map(attribute='" + "a." * 1000 + "a') | list }}",
    "sorting, often": LONG + "{% set b = a | reverse | list | sort %}" * 90,
    "list of a long range": "{{ range(10**6) | list }}",
    "range from afar": "{{ range(-10**9, 10**9) }}",
    "range of huge numbers": "{{ range(10**6, 10**18) | length }}",
    "huge number as text": "{{ '9' | int * 10**18 * 10**18 }}",
    "include": "{% include 'x' %}",
    "import": "{% import 'x' as x %}",
    "from import": "{% from 'x' import y %}",
    "extends": "{% extends 'x' %}",
    "macro": "{% macro f() %}{{ f() }}{{ f() }}{% endmacro %}{{ f() }}",
    "call block": "{% call f() %}{% endcall %}",
    "block that calls itself": "{% block b %}{{ self.b() }}{{ self.b() }}{% endblock %}",
    "filter block": "{% filter upper %}a{% endfilter %}",
    "class": "{{ ''.__class__.__mro__ }}",
    "class by index": "{{ ''['__class__']['__mro__'] }}",
    "class by filter": "{{ '' | attr('__class__') }}",
    "class by map": "{{ [''] | map(attribute='__class__') | map(attribute='__mro__') | list | string }}",
    "class by min": "{{ ['', ''] | min(attribute='__class__.__mro__') | string ~ 1 / 0 }}",
    "self": "{{ self.__init__.__globals__ }}",
    "loop's insides": "{% for i in [1] %}{{ loop.__class__.__init__.__globals__ }}{% endfor %}",
    "method instead of a key": "{{ value_json.update.state }}",
    "changing an argument": "{{ value_json.update({'a': 1}) }}",
    "popping from a list": "{{ [1].pop() }}",
    "undefined function": "{{ states('light.x') }}",
    "unknown filter": "{{ value | nothing }}",
    "unknown filter by map": "{{ [1] | map('nothing') | list }}",
    "not closed": "{{ value",
    "not a template": "{% %}",
    "deep parentheses": "{{ " + "1+(" * 900 + "1" + ")" * 900 + " }}",
    "deep lists": "{{ " + "[" * 1500 + "]" * 1500 + " }}",
    "deep ifs": "{% if 1 %}" * 200 + "{% endif %}" * 200,
    "deep not": "{{ " + "not " * 900 + "1 }}",
    "deep negation": "{{ " + "-" * 3500 + "1 }}",
    "deep filters": "{{ 1" + "|abs" * 900 + " }}",
    "division by zero": "{{ 1 // 0 }}",
    "remainder of zero": "{{ 1 % 0 }}",
    "overflow": "{{ (1e308 * 10) | int }}",
    "not a number": "{{ ('nan' | float) | int }}",
    "number of odd text": "{{ 'abc' | int }}",
    "too many template characters": "{# " + "x" * 10_000 + " #}",
    "byte zero": "{{ value.split('') }}",
    "lone surrogate": "{{ '\\ud800' | ord ~ 1 / 0 }}",
}  # fmt: skip


HEAVY = {
    "strip of many letters, often": DOUBLED + "{{ a.strip(a) }}" * 150,
    "trim of many letters, often": DOUBLED + "{{ a | trim(a) }}" * 150,
    "comparing, often": DOUBLED + "{{ a == a }}" * 200,
    "strip of many letters, often, of longer text": DOUBLED + "{% set a = a ~ a %}" * 2 + "{{ a.strip(a) }}" * 150,
    "trim of many letters, often, of longer text": DOUBLED + "{% set a = a ~ a %}" * 2 + "{{ a | trim(a) }}" * 150,
    "comparing, often, of longer text": DOUBLED + "{% set a = a ~ a %}" * 2 + "{{ a == a }}" * 200,
}  # fmt: skip


@pytest.mark.parametrize("source", HOSTILE.values(), ids=HOSTILE)
def test_hostile_templates_fail_quickly_and_take_little_memory(source: str) -> None:
    memory = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    begun = time.thread_time()
    with pytest.raises(TemplateFault):
        Template(source).value('{"a": 1}')
    assert time.thread_time() - begun < 0.6
    assert resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - memory < 24_000  # KiB


@pytest.mark.parametrize("source", HEAVY.values(), ids=HEAVY)
def test_heavy_templates_either_fail_or_are_quick(source: str) -> None:
    begun = time.thread_time()
    with contextlib.suppress(TemplateFault):
        Template(source).value("")
    assert time.thread_time() - begun < 0.6


@pytest.mark.parametrize(
    "source",
    [
        "{{ range.__globals__ }}",
        "{{ value.split.__self__.__class__ }}",
        "{{ nothing._undefined_message }}",
        "{{ [].append }}",
    ],
)
def test_what_is_inside_python_is_undefined(source: str) -> None:
    assert Template(source).value("x") == ""


def test_a_large_payload_costs_no_more_than_reading_it() -> None:
    payload = '{"a": "' + "x" * 60_000 + '", "b": 1}'
    assert Template("{{ value_json.b }}").value(payload) == "1"
    for costly in ("{{ value | join(value) }}", "{{ value_json.a | join(value_json.a) }}"):
        with pytest.raises(TemplateFault):
            Template(costly).value(payload)


def test_a_payload_of_deep_or_huge_json_is_a_fault_at_most() -> None:
    for payload in ("[" * 200_000, '{"a":' * 50_000, "9" * 100_000, "[" + "1," * 100_000 + "1]", "\ud800", ""):
        with pytest.raises(TemplateFault):
            Template("{{ value_json.a.b }}").value(payload)


def test_what_a_template_prints_is_cut_to_a_size_that_a_state_can_have() -> None:
    with pytest.raises(TemplateFault):
        Template("{% for i in range(200) %}" + "x" * 500 + "{% endfor %}").value("")


PAYLOADS = (
    '{"a": "x", "b": {"c": 1.5, "d e": true}, "n": null, "l": [1], "s": " padded ", "u": "ü", "big": 1e300}',
    '{"a": {"b": 1}}', '{"b": 3}', "[]", "7", "ON", "", '{"b": {"c": "{{ 1 }}"}}', '{"a": "\\ud800"}',
)  # fmt: skip


@pytest.mark.parametrize("payload", PAYLOADS)
@pytest.mark.parametrize(
    "source",
    ["{{ value_json.a }}", "{{value_json.b.c}}", "{{ value_json['b']['d e'] }}", '{{ value_json["n"] }}',
     "{{ value_json.l }}", "{{ value_json.s }}", "{{ value_json.u }}", "{{ value_json.big }}", "{{ value_json.items }}", "{{ value_json.b.keys }}"],
)  # fmt: skip
def test_a_look_up_comes_to_what_jinja_makes_of_it(source: str, payload: str) -> None:
    def result(template: Template) -> str:
        try:
            return template.value(payload)
        except TemplateFault:
            return "fault"

    # A comment keeps the short way from being taken.
    assert result(Template(source)) == result(Template(source + "{# all of it #}"))
