"""One sealed step on a vendor's activation dump, from its specification to its output. Loads no model library."""

from dataclasses import replace
from pathlib import Path

from assessments.contracts import Progress, Refused, StepOutput, StepSpec
from assessments.dumps import dump_read, located
from assessments.methods import dumped_direction
from assessments.registry import checked_instrument, modules_digest

SOURCE = "dump"


def execute_dumped(spec: StepSpec, workdir: Path, progress: Progress, root: Path) -> StepOutput:
    """Run ``spec`` on its dump below ``root``; ``Refused`` for an instrument that needs the model itself."""
    instrument = checked_instrument(spec)
    if instrument.card.slug != dumped_direction.SLUG:
        raise Refused(f"{instrument.card.slug} cannot be run on a dump; of these instruments only {dumped_direction.SLUG} can. Ask the vendor for more access.")
    progress(0.0, "checking the dump")
    dump = dump_read(*located(spec.subject.locator, root))
    progress(0.2, "comparing")
    output = dumped_direction.run_on_dump(spec, dump, workdir)
    progress(1.0, "comparing")
    # The code that read the dump is not part of the instrument's own digest; it is attested beside it.
    return replace(output, environment={**output.environment, "dump_source": modules_digest(dumped_direction.__name__)})
