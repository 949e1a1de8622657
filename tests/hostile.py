"""Text that means something elsewhere, once for all tests: as markup, as SQL, as something that is no good text.

Nothing of it may ever be more than the characters that it is made of.
"""

from __future__ import annotations

import base64
from itertools import product

CLOSED = "127.0.0.1:9"
"""Where the payloads that load something load it from; nobody listens there."""

_CANARY = "window.__x=1"
_ENCODED = base64.b64encode(f"<script>{_CANARY}</script>".encode()).decode()
PAYLOADS = [
    f"<script>{_CANARY}</script>",
    f"</script><script>{_CANARY}</script>",
    f"</ScRiPt ><script>{_CANARY}</script>",
    f"<SCRIPT SRC=data:,{_CANARY}></SCRIPT>",
    f"<script\n>{_CANARY}</script\n>",
    f"<<script>{_CANARY}//<</script>",
    f"<!--<script>{_CANARY}",
    f"--><script>{_CANARY}</script>",
    f"]]><script>{_CANARY}</script>",
    f"</title><script>{_CANARY}</script>",
    f"</style><script>{_CANARY}</script>",
    f"</textarea><script>{_CANARY}</script>",
    f"</pre><script>{_CANARY}</script>",
    f"</code></dd></dl><script>{_CANARY}</script>",
    f"<img src=x onerror={_CANARY}>",
    f"<img src=x onerror='{_CANARY}'",
    f'"><img src=x onerror={_CANARY}>',
    f"'><img src=x onerror={_CANARY}>",
    f"`><img src=x onerror={_CANARY}>",
    f'" onmouseover="{_CANARY}',
    f"' onmouseover='{_CANARY}",
    f'" autofocus onfocus="{_CANARY}',
    f"<svg onload={_CANARY}>",
    f"<svg/onload={_CANARY}//",
    f"<svg><script>{_CANARY}</script></svg>",
    f"<svg><animate onbegin={_CANARY} attributeName=x dur=1s>",
    f"<math><mtext><script>{_CANARY}</script>",
    f"<math><mi//xlink:href='data:x,<script>{_CANARY}</script>'>",
    f"<body onload={_CANARY}>",
    f"<iframe srcdoc='<script>parent.{_CANARY}</script>'>",
    f"<iframe src='javascript:{_CANARY}'></iframe>",
    f"<object data='javascript:{_CANARY}'>",
    f"<embed src='javascript:{_CANARY}'>",
    f"<a href='javascript:{_CANARY}'>a</a>",
    f"<a href='jav&#x09;ascript:{_CANARY}'>a</a>",
    f"<form action='javascript:{_CANARY}'><input type=submit>",
    f"<button formaction='javascript:{_CANARY}'>b</button>",
    f"<details open ontoggle={_CANARY}>",
    f"<video><source onerror={_CANARY}>",
    f"<audio src=x onerror={_CANARY}>",
    f"<input autofocus onfocus={_CANARY}>",
    f"<select autofocus onfocus={_CANARY}>",
    f"<marquee onstart={_CANARY}>",
    f"<template><script>{_CANARY}</script></template>",
    f"<noscript><p title='</noscript><script>{_CANARY}</script>'>",
    "<meta http-equiv=refresh content='0;url=http://127.0.0.1:9/'>",
    "<meta name=pdfkit-allow content=/etc>",
    "<base href='http://127.0.0.1:9/'>",
    "<link rel=stylesheet href='http://127.0.0.1:9/x.css'>",
    "<style>@import 'http://127.0.0.1:9/x.css';</style>",
    "<div style='background:url(http://127.0.0.1:9/x)'>",
    "![x](http://127.0.0.1:9/x.png)",
    f"[x](javascript:{_CANARY})",
    f"{{{{ ''.__class__ }}}}{{% raw %}}{_CANARY}",
    f"{{{{constructor.constructor('{_CANARY}')()}}}}",
    f"${{{_CANARY}}}",
    f"\\u003cscript\\u003e{_CANARY}",
    f"&lt;script&gt;{_CANARY}&lt;/script&gt;",
    f"&#60;script&#62;{_CANARY}",
    f"\u2028{_CANARY}\u2029",
    f"\u202e{_CANARY}",
    f"＜script＞{_CANARY}＜/script＞",
    f"<\0script>{_CANARY}</script>",
    f'{{"x":"</script><script>{_CANARY}</script>"}}',
    "{{7*7}}",
    "${7*7} #{7*7} <%= 7*7 %> {% print 7*7 %}",
    f"<data:text/html,<script>{_CANARY}</script>>",
    f"[x](data:text/html;base64,{_ENCODED})",
    f"<img src='data:image/svg+xml,<svg onload={_CANARY}>' onload={_CANARY}>",
    "[x](http://127.0.0.1:9/link) <http://127.0.0.1:9/auto> http://127.0.0.1:9/bare",
    "![x][y] [y]: http://127.0.0.1:9/ref.png",
    ":red[colour] :material/delete: :blue-background[x] :streamlit: :rainbow[y]",
    "$\\href{javascript:window.__x=1}{x}$ $$\\frac{a}{b}$$",
    "**bold** _italic_ `code` ~~gone~~ # not a heading",
    "%{customdata[0]} %{x} <extra>gone</extra>",
    f"javascript:{_CANARY}//",
    f"\u200b<\u200bscript\u200b>{_CANARY}\u2066\ufeff",
]
"""Text that runs, loads, links or turns into something else where a page takes it for more than text."""


def outward(address: str) -> list[str]:
    """The payloads, those that load something from an address where somebody listens (host and port)."""
    return [text.replace(CLOSED, address) for text in PAYLOADS]


_CLOSING = ("", "'", '"', "')", "'))", '")', "`", "\\'", "%", "main'", "1", "0x27")
_WORDS = (
    "OR 1=1",
    "OR '1'='1",
    'OR ""="',
    "AND (SELECT count(*) FROM project) > 0",
    "UNION SELECT password_hash FROM user",
    "UNION ALL SELECT NULL, NULL, NULL, NULL, NULL, NULL, NULL",
    "; DELETE FROM dataset",
    "; DROP TABLE run; SELECT 1",
    "|| (SELECT sqlite_version()) ||",
    "|| (SELECT version()) ||",
    "IN (SELECT slug FROM project)",
    "LIKE '%' ESCAPE '%",
    "GLOB '*",
    "ORDER BY 99",
    "AND randomblob(1) NOT NULL",
)
_ENDS = ("", " --")
_ALONE = (
    "'", "''", '"', ";", "--", "/*", "*/", "#", "\\", "%", "_", "%%", "NULL", "TRUE", "1e400", "-0", "0x27", "%27",
    "%00", ":id", ":project", ":user", "@id", "%(id)s", "%s", "{0}", "{id}", "$1", "?", "?1", "x'27'", "E'\\047'",
    "$$x$$", "admin'--", "main", "main/*", "main ", " main", "MAIN", "main\t", "main\x00", "\uff07 OR 1=1",
    "\u02bc OR 1=1",
)  # fmt: skip
SQL = [*_ALONE, *(f"{close} {words}{end}" for words, close, end in product(_WORDS, _CLOSING, _ENDS))]
"""Known ways to turn a text into a part of a statement."""

LONG_LINE = "<b>one long line</b> " * 50_000
"""A megabyte without a line break."""

ODD = (
    "\x00", "a\x00b", "\ud800", "\udfff\ud800 two halves", "\u202egnp.exe", "\u2066\u2067\u2068 unclosed",
    "\u200b\u200d\u2060", "\ufeff", "\ufffe\uffff", "\x1b[31mred\x1b[0m", "\u2028\u2029\x85", "\r\n\r\n",
    "e\u0301" * 50, "Z\u0351\u036b\u0343" * 30, "\U0001f469\u200d\U0001f680", "\U000e0041\U000e0042", "\u0000\u0000",
    "\u3164", " ", "\t", "\u00a0", "\ufdfa" * 20, "..", "CON", "\U0010ffff", "\u0130I\u0131", "\u1e9e\u00df",
    "\ufb01", "A" * 5_000,
)  # fmt: skip
"""Text that is hard to hold, to compare, to show or to write into a file."""
