"""LaTeX as MathML that browsers show without a script, cut into parts between which a line may
end.

``latex2mathml`` parses. Letters of other alphabets, which browsers no longer take from
``mathvariant``, the spacing of function names, bars, signs and primes, and big parentheses with an
exponent are put right here.
"""

import re
import unicodedata
from collections.abc import Iterator
from functools import cache
from html import escape
from xml.etree.ElementTree import Element, SubElement, fromstring, tostring

from quadmeta._extras import require

convert = require("latex2mathml.converter", "test", "the page figures/index.html").convert
_NAMES = {
    r"\{": "{",
    r"\}": "}",
    r"\|": "‖",
    r"\lceil": "⌈",
    r"\rceil": "⌉",
    r"\lfloor": "⌊",
    r"\rfloor": "⌋",
}
_FUNCTIONS = {"arg", "cos", "cosh", "exp", "log", "mean", "sign", "sin", "sinh", "tr", "Var"}
_LIMITS = {"inf", "lim", "max", "min", "sup"}
_ARROWS = set("→←⇒⇔⟹⟺⟸")
_SIGNS = set("+−±")
_TIGHT = set("|‖/")
_BARS = set("|‖")
_RELATIONS = set("=<>≤≥≠≈≺≻⪯⪰≼≽∈∼") | _ARROWS
_OPEN = set("([{⌈⌊⟨")
_CLOSE = set(")]}⌉⌋⟩")
_LETTERS = set("∞⊤*⋯….")
_SCRIPTS = ("msub", "msup", "msubsup", "munder", "mover", "munderover")
_BIG = "1.2em"  # the size of \big
_SHORT = 3  # no line ends after as few letters


@cache
def formula(latex: str, display: bool = False) -> str:
    """One or more ``<math>`` elements, a line may end between them.

    ``display``: limits stand below and above.
    """
    words = re.split(r"(\\text\{[^}]*\})", latex.replace(r"\arg", r"\operatorname{arg}"))
    # else of script size
    words[::2] = [word.replace("''", "″").replace("'", "′") for word in words[::2]]
    source = convert("".join(words), display="block" if display else "inline")
    root = fromstring(re.sub(r' xmlns="[^"]*"', "", source))
    for row in reversed(list(root.iter())):
        _letters(row)
        if row.tag not in _SCRIPTS:
            _exponents(row)
    for row in root.iter():
        if row.tag not in _SCRIPTS:
            _space(row)
        for child in row:
            if display and child.tag == "msub" and _core(child) in _LIMITS:
                child.tag = "munder"
    out = []
    for part in _parts(list(root[0])):
        math = Element("math")
        if display:
            math.set("displaystyle", "true")
        SubElement(math, "mrow").extend(part)
        out.append(tostring(math, encoding="unicode", short_empty_elements=False))
    return "<wbr>".join(out)


def prose(text: str) -> str:
    """Text with ``$formulas$`` and ``code`` between backticks as HTML."""
    out = []
    for part in re.split(r"(\$[^$]+\$|``[^`]+``|`[^`]+`)", text):
        inner = part.strip("$`")
        if part[:1] == "$" and inner:
            out.append(formula(inner))
        elif part[:1] == "`" and inner:
            out.append(f"<code>{escape(inner)}</code>")
        else:
            out.append(escape(part))
    return "".join(out)


def _letters(row: Element) -> None:
    """Names and letters as the characters that are meant, upright words in one piece."""
    kept: list[Element] = []
    for child in row:
        variant = child.attrib.pop("mathvariant", "")
        text = _NAMES.get(child.text or "", child.text or "")
        if (
            row.tag == "mrow"
            and variant == "normal"
            and kept
            and kept[-1].get("mathvariant") == variant
        ):
            kept[-1].text = f"{kept[-1].text}{text}"
            continue
        child.text = text
        if variant not in ("", "normal"):
            child.text = "".join(_letter(letter, variant) for letter in text)
        if variant == "normal" or (len(text) == 1 and "Α" <= text <= "Ω"):
            child.set("mathvariant", "normal")
        if child.tag in ("mi", "mo"):
            if text in _LETTERS:
                child.tag = "mi"
            elif text in _RELATIONS:
                child.tag = "mo"
        kept.append(child)
    if row.tag != "math":
        kept = [list(child).pop() if _alone(child) else child for child in kept]
    row[:] = kept
    for child in row:
        if child.tag == "mi" and child.text in _FUNCTIONS:
            child.tag = "mo"


def _alone(child: Element) -> bool:
    """Whether this is a row of one element, which may stand for itself."""
    return child.tag == "mrow" and len(child) == 1


def _letter(letter: str, variant: str) -> str:
    name = unicodedata.name(letter).replace("LATIN ", "").replace("LETTER ", "")
    try:
        return unicodedata.lookup(f"MATHEMATICAL {variant.upper()} {name}")
    except KeyError:
        return unicodedata.lookup(f"{variant.upper()} {name}")


def _exponents(row: Element) -> None:
    """An exponent of a big parenthesis becomes one of the whole group: else it is not stretched."""
    for child in [child for child in row if child.tag in _SCRIPTS and "minsize" in child[0].attrib]:
        children = list(row)
        end = list(row).index(child)
        opening = {child[0].text} & _BARS or _OPEN
        starts = [
            k for k in range(end) if "minsize" in children[k].attrib and children[k].text in opening
        ]
        if starts:
            group = Element("mrow")
            group.extend([*children[starts[-1] : end], child[0]])
            child[0], row[starts[-1] : end] = group, []


def _space(row: Element) -> None:
    """Space around what MathML would take for a binary operator: names, bars, signs in front."""
    # None where there is a space or a word, whose neighbour stands as at an end
    cores: list[str | None] = [_core(child) for child in row]
    for index, child in enumerate(row):
        if child.tag in ("mspace", "mtext"):
            cores[index] = None
    for before, child, after in zip([None, *cores], row, [*cores[1:], None], strict=False):
        operator = _operator(child)
        name = _core(child)
        if operator is None:
            continue
        first = before is None or _ends(before)
        last = after is None or after in _OPEN | _CLOSE | {","}
        if name.isalpha():
            operator.set("lspace", "0" if first else ".17em")
            operator.set("rspace", "0" if last else ".17em")
        elif name in _TIGHT:
            operator.attrib.update(lspace="0", rspace="0")
        elif name in _ARROWS:
            operator.attrib.update(lspace=".28em", rspace=".28em")
        elif name in _SIGNS:
            operator.set("form", "prefix" if first else "infix")


def _ends(core: str) -> bool:
    """Whether a sign after this one stands before a term and is no binary operator."""
    return core in _RELATIONS | _OPEN | _SIGNS | {",", "/", "·"}


def _parts(children: list[Element]) -> Iterator[list[Element]]:
    r"""Cut before relations and signs between terms, and after wide spaces; not in parentheses
    smaller than \Big.
    """
    part: list[Element] = []
    depth = 0
    bar = False
    for child in children:
        core = _core(child)
        operator = _operator(child)
        binary = operator is not None and operator.get("form") == "infix"
        letters = sum(len(text) for one in part for text in one.itertext())
        if not depth and not bar and (core in _RELATIONS or binary) and letters >= _SHORT:
            yield part
            part = []
        part.append(child)
        if operator is not None and operator.get("minsize", _BIG) <= _BIG:
            depth += (core in _OPEN) - (core in _CLOSE)
            bar ^= core in _BARS
        if not depth and not bar and (child.get("width") in ("1em", "2em") or child.text == "\xa0"):
            yield part
            part = []
    if part:
        yield part


def _operator(child: Element) -> Element | None:
    """The operator that decides how an element is spaced: itself, or what its scripts hang on."""
    while child.tag in _SCRIPTS and len(child):
        child = child[0]
    return child if child.tag == "mo" else None


def _core(child: Element) -> str:
    operator = _operator(child)
    if operator is None:
        return ""
    return operator.text or ""
