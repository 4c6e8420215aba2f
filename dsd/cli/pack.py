"""dsd pack: decode images once, for all later training."""

from pathlib import Path

import click

from dsd.cli.messages import say


@click.command()
@click.argument("source", type=click.Path(path_type=Path))
@click.argument("target", type=click.Path(path_type=Path))
@click.option("--size", type=click.IntRange(8), default=256, show_default=True, help="Side of the images [pixels].")
@click.option("--workers", type=click.IntRange(1), help="Processes.  [default: one for each core]")
@click.option("--skip-broken", is_flag=True, help="Leave out images that cannot be decoded.")
def pack(source: Path, target: Path, size: int, workers: int | None, skip_broken: bool) -> None:
    """Decode the images of SOURCE once, into arrays in TARGET that training maps into memory (data=packed).

    SOURCE has train/ and val/, each with one folder per class. The shorter side of each image is resized to --size, and
    the central square is kept. You can stop the command at any time; repeat it to resume. If TARGET is complete, the
    command verifies its checksums and packs damaged chunks again.
    """
    from dsd.cli.progress import progress
    from dsd.processes import cores
    from dsd.training.data.streamed.listing import list_images, shortened
    from dsd.training.data.streamed.packing import pack as pack_images

    listings = list_images(source)
    images, unused = sum(map(len, listings)), [name for listing in listings for name in listing.unused]
    try:
        with progress("packed", images) as advance:
            done = pack_images(source, target, size, workers or cores(), skip_broken, advance)
    except KeyboardInterrupt:
        say(f"stopped; repeat the command to resume in {target}", err=True)
        raise click.exceptions.Exit(130) from None
    packed = done.packed
    counts = ", ".join(f"{len(packed.kept(split)):,} {split}" for split in packed.images)
    say(f"{counts} images of {len(packed.classes):,} classes, {size}×{size}", err=True)
    say(f"{done.made} chunks packed, {done.kept} already packed and intact", err=True)
    if unused:
        say(f"not used (neither .jpg, .jpeg nor .png): {shortened(set(unused))}", err=True)
    for split, _, trouble in packed.skipped:
        say(f"left out of {split}: {trouble}", err=True)
    say(target)
