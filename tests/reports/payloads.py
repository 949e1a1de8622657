"""Text that would run, load or break something if it were ever taken for markup."""

from dataclasses import replace

from engine.types import Evidence, Notice, Result
from tests.reports.sample import sample

_CANARY = "window.__x=1"
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
]

_PAIR_TEXTS = ("prompt", "prompt_text", "text_a", "text_b", "item_a", "item_b")
_ITEM_TEXTS = ("item", "text", "prompt_text", "prompt")


def hostile(*texts: str) -> Result:
    """A result in which every text that data can reach is one of `texts`."""
    plain = sample()
    first = texts[0]
    return replace(
        plain,
        sentence=first,
        dataset={**plain.dataset, "name": first, "format": first},
        slices=[{**plain.slices[0], "column": text, "value": text, "verdict": text} for text in texts],
        pairs=[{**plain.pairs[0], **dict.fromkeys(_PAIR_TEXTS, text), "slices": {text: text}} for text in texts],
        items=[{**dict.fromkeys(_ITEM_TEXTS, text), "row_hash": 1, "value": 0.5, "truth": 0.0} for text in texts],
        warnings=[Notice(text, text) for text in texts],
        recalibrators=[{"kind": text, "parameters": {text: 1.0}, text: text} for text in texts],
        estimates={**plain.estimates, **{text: replace(plain.estimates["accuracy"], method=text) for text in texts}},
        evidence=Evidence(first, first, first, None, first, {text: text for text in texts}, command=first),
        pictures={**plain.pictures, first: {first: [first]}},
    )
