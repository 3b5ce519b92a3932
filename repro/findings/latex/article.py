"""An example article that uses the exported LaTeX; its reader may change it."""

from collections.abc import Collection
from string import Template

from repro.findings.latex.tex import escape, macro
from repro.findings.wording import CAPTIONS
from repro.study.models import Study

PREAMBLE = r"""% An example: compile it here with pdflatex or lualatex, then change it as you like.
% Run LaTeX twice: a longtable learns in the first run how wide its columns are.
% The next export writes the folders anew, and leaves this file as it is.
\documentclass{article}
% Text that can be copied and searched, and outlines in place of bitmaps, whatever is installed:
% without Latin Modern and cm-super the accents are composed, in the encoding that TeX began with.
\IfFileExists{cmap.sty}{\usepackage{cmap}}{}
\ifdefined\pdfgentounicode
  \IfFileExists{glyphtounicode.tex}{\input{glyphtounicode}\pdfgentounicode=1}{}
\fi
\IfFileExists{lmodern.sty}{\usepackage[T1]{fontenc}\usepackage{lmodern}}{%
  \IfFileExists{type1ec.sty}{\usepackage[T1]{fontenc}\usepackage{type1ec}}{}}
\usepackage[textwidth=7in,textheight=9in]{geometry}
\usepackage{array,booktabs,graphicx,longtable}
"""
SECTION = Template(
    r"""
\section{\${name}Title}

The question was: \${name}Question{}
$claim$figures
\begin{table}[htbp]
  \centering\footnotesize
  \caption{\${name}Title: \${name}Metric{} beside the thread's number.}
  \input{$folder/variants}
\end{table}
\clearpage
{\footnotesize\setlength{\tabcolsep}{4pt}\input{$folder/claims}}
\clearpage
"""
)
CLAIM = Template(
    r"""A claim: \${claim}Says{} Verdict: \${claim}Verdict{} (estimate \${claim}Estimate,
95\,\% interval \${claim}Low{} to \${claim}High, $$p\${claim}P$$, $$n=\${claim}N$$).
"""
)
FIGURE = Template(
    r"""
\begin{figure}[htbp]
  \centering
  \includegraphics{$path}
  \caption{\${name}Title: $caption.}
\end{figure}
"""
)


def article(studies: Collection[Study], files: Collection[str]) -> bytes:
    """Return the article's TeX.

    Args:
        studies: those that it is to show.
        files: the paths of what was exported.
    """
    inputs = "".join(f"\\input{{{study.name}/numbers}}\n" for study in studies)
    sections = "".join(_section(study, files) for study in studies)
    return f"{PREAMBLE}{inputs}\n\\begin{{document}}\n{sections}\n\\end{{document}}\n".encode()


def _section(study: Study, files: Collection[str]) -> str:
    name = macro(study.name)
    figures = [
        FIGURE.substitute(name=name, path=path, caption=escape(caption))
        for kind, caption in CAPTIONS.items()
        if (path := f"{study.name}/{kind}.pdf") in files
    ]
    claims = [CLAIM.substitute(claim=macro(study.name, "claim", key)) for key in study.claims]
    return SECTION.substitute(
        name=name, claim="".join(claims[:1]), folder=study.name, figures="".join(figures)
    )
