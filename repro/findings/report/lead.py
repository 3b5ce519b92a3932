"""What the page opens with: one answer to the question that all threads ask."""

import re
from collections.abc import Sequence

from repro.findings.report.chapter import Chapter
from repro.findings.report.wording import Piece, pieces

# It leans on the claims that it cites, and on their verdicts: [study.claim verdict].
LEAD = """
Because something dies. Where ReLU does worse in these threads, too large a learning rate kills its
hidden units [mnist_relu.rate_kills holds], networks are born dead
[add_numbers.initial_weights_decide holds], errors pass back without ReLU’s gate until nothing
reacts any more [four_layers.posted_relu_dies holds], or missing biases leave a row of the data
that no unit sees [truth_table.floor_relu_output holds]; and ReLU stands in the output layer, where
it has no business [truth_table.sigmoid_output_helps holds] [add_numbers.linear_output_helps holds]
[four_layers.linear_output_beats_sigmoid holds]. What the threads offer in explanation is mostly
refuted: a ReLU that acts linear [mnist_relu.raw_inputs_make_relu_linear refuted], overfitting
[mnist_relu.relu_overfits refuted], local minima [add_numbers.local_minima refuted], vanishing
gradients [four_layers.relu_gradient_vanishes refuted]
[add_numbers.vanishing_gradients_tanh refuted]. Some of their fixes work all the same.
"""
CITED = re.compile(r"\[(\w+)\.(\w+) (holds|refuted)\]")


def lead_of(chapters: Sequence[Chapter]) -> list[Piece]:
    """Return the lead; nothing if a claim that it cites is missing or has another verdict."""
    verdicts = {
        (chapter.study.name, claim.key): claim.verdict
        for chapter in chapters
        for claim in chapter.claims
    }
    if any(verdicts.get((study, key)) != said for study, key, said in CITED.findall(LEAD)):
        return []
    return pieces(CITED.sub(r"[\1.\2]", " ".join(LEAD.split())))
