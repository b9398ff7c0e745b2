"""What the verbs of `bailiwick dlp` look for."""

from pathlib import Path

from bailiwick.analysis.text.classes import Subject
from bailiwick.analysis.text.secrets import EVERYTHING, SECRET


def subjects_of(only: str | None) -> frozenset[Subject]:
    """Secrets, personal data, or both."""
    return frozenset((only,)) if only else EVERYTHING


def of_policy(directory: Path) -> frozenset[Subject]:
    """What a policy adds: its data classes, and example keys if it reports them. Raises PolicyErrors, OSError."""
    from bailiwick.decision.subjects import recorded_subjects  # noqa: PLC0415 - without a policy none of it is needed
    from bailiwick.policy.load import load_policy_set  # noqa: PLC0415 - the same
    from bailiwick.service.policy_files import read_policy_files  # noqa: PLC0415 - the same

    policies = load_policy_set(read_policy_files(directory))
    return recorded_subjects(policies.data_classes, reported=policies.example_keys) - SECRET
