"""Words that the HTML and the Markdown report share."""

from __future__ import annotations

from plimsoll.domain.evidence import Evidence, Verdict
from plimsoll.domain.parameters import ParameterSet
from plimsoll.errors import UsageError

_VERDICTS = {
    Verdict.HOLDS: "HOLDS",
    Verdict.BREACH: "BREACH",
    Verdict.NOT_PROVEN: "NOT PROVEN",
}
_MEANINGS = {
    Verdict.HOLDS: "Every check below holds. What they cannot show stands under Limits.",
    Verdict.BREACH: "At least one check fails. The set must not be published as it stands.",
    Verdict.NOT_PROVEN: "No check fails, but at least one cannot be decided on this data.",
}


def verdict_words(verdict: Verdict) -> str:
    """Verdict as it is printed."""
    return _VERDICTS[verdict]


def verdict_meaning(evidence: Evidence) -> str:
    """Return the sentence under the verdict."""
    if not evidence.checks:
        return "No check was made, so nothing is proven."
    return _MEANINGS[evidence.verdict]


def require_same_set(evidence: Evidence, parameters: ParameterSet) -> None:
    """Refuse evidence that was made for another set.

    Raises
    ------
    UsageError
    """
    if evidence.parameter_set_id != parameters.id:
        raise UsageError(
            f"must be evidence of the parameter set {parameters.id}",
            found=evidence.parameter_set_id,
            field="evidence.parameter_set_id",
            remedy="pass the set and the evidence of the same calibration",
        )


def as_of(evidence: Evidence, parameters: ParameterSet) -> str:
    """Time up to which data were seen; that from which the set holds where it was not stated."""
    return evidence.provenance.get("as_of") or parameters.valid_from


def is_synthetic(label: str) -> bool:
    """Whether the label says that the data were generated."""
    return "SYNTHETIC" in label.upper()


def command_line(evidence: Evidence) -> str:
    """Return the command that reproduces the set, as recorded; empty where none was."""
    return evidence.provenance.get("command", "")


def provenance_rows(evidence: Evidence, parameters: ParameterSet) -> list[tuple[str, ...]]:
    """Return item and value of all that reproduces the set, the set's own record first."""
    own: list[tuple[str, ...]] = [
        ("parameter set", parameters.id),
        ("supersedes", parameters.parent or "none"),
        ("venue", parameters.venue),
        ("valid from", parameters.valid_from),
        ("price source", parameters.label),
        ("data digest", parameters.data_digest),
        ("problem digest", parameters.problem_digest),
        ("code version", parameters.code_version),
        ("seed", str(parameters.seed)),
    ]
    told = set(own)
    rest = ((key.replace("_", " "), value) for key, value in sorted(evidence.provenance.items()))
    return [*own, *(row for row in rest if row not in told)]
