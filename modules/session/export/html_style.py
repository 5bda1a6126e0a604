"""How a conversation looks as a page: light and dark as the reader has it, and on paper. Nothing is fetched."""

STYLE = """
:root { color-scheme: light dark; --back: #fff; --text: #1c1c1e; --quiet: #6a6a70; --line: #d9d9de; --code: #f4f4f6;
  --you: #eef4fc; --link: #0b57b0; --keyword: #8a2a8f; --string: #19692c; --number: #8a4b00; --name: #0b57b0; }
@media (prefers-color-scheme: dark) { :root { --back: #161618; --text: #e6e6ea; --quiet: #9a9aa2; --line: #38383e;
  --code: #212125; --you: #1d2633; --link: #7db4f5; --keyword: #d79be0; --string: #8fd19e; --number: #e0a96d;
  --name: #7db4f5; } }
* { box-sizing: border-box; }
body { margin: 0 auto; padding: 1.5rem 1rem 4rem; max-width: 52rem; background: var(--back); color: var(--text);
  font: 1rem/1.55 system-ui, sans-serif; overflow-wrap: anywhere; }
header p, h2 small, summary, figcaption, .note { color: var(--quiet); }
h1 { font-size: 1.5rem; line-height: 1.25; margin: 0 0 .25rem; }
h2 { font-size: .95rem; margin: 0 0 .25rem; }
h2 small { font-weight: normal; margin-left: .5em; }
article { margin: 1.25rem 0; }
article.user { background: var(--you); border-radius: .5rem; padding: .75rem 1rem; }
section > h2 { font-size: 1.15rem; border-top: 1px solid var(--line); padding-top: 1.25rem; margin-top: 2.5rem; }
details { margin: .5rem 0; border-left: 2px solid var(--line); padding-left: .75rem; }
summary { cursor: pointer; }
pre { background: var(--code); padding: .75rem; border-radius: .4rem; overflow-x: auto; white-space: pre-wrap; }
code, pre { font: .875em/1.45 ui-monospace, monospace; }
:not(pre) > code { background: var(--code); padding: .1em .3em; border-radius: .25em; }
blockquote { margin: .75rem 0; padding-left: .9rem; border-left: 3px solid var(--line); color: var(--quiet); }
table { border-collapse: collapse; display: block; overflow-x: auto; }
th, td { border: 1px solid var(--line); padding: .3rem .6rem; text-align: left; }
th.right, td.right { text-align: right; }
th.center, td.center { text-align: center; }
img { max-width: 100%; height: auto; border-radius: .4rem; }
figure { margin: .75rem 0; }
a { color: var(--link); }
.k, .kd, .kn, .kr, .kt, .ow { color: var(--keyword); }
.s, .s1, .s2, .sa, .sd, .se, .si, .sb, .sc, .sh { color: var(--string); }
.m, .mi, .mf, .mh, .mb, .mo, .kc, .l { color: var(--number); }
.nf, .nc, .nt, .nb, .na, .nd, .fm { color: var(--name); }
.c, .c1, .cm, .ch, .cp, .cs { color: var(--quiet); }
@media print { body { max-width: none; padding: 0; font-size: 10pt; } article.user { border: 1px solid var(--line); }
  pre { overflow: visible; } h2 { break-after: avoid; } figure, pre, tr { break-inside: avoid-page; }
  details::details-content { content-visibility: visible; block-size: auto; } a::after { content: " (" attr(href) ")"; }
  a[href^="#"]::after { content: none; } }
"""
