"""`presets list|show|export|import`: ways to store the result."""

from __future__ import annotations

import argparse
import json
from pathlib import Path
from typing import Any


def add_parser(commands: Any) -> None:
    """Describe the command's arguments."""
    parser = commands.add_parser(
        "presets",
        help="list, show, export and import ways to store the result",
        description="Named ways to store the result, for --preset NAME. Yours are kept as JSON files.",
    )
    actions = parser.add_subparsers(dest="action", metavar="ACTION", required=True)
    listing = actions.add_parser("list", help="all presets, by group")
    listing.add_argument("--json", action="store_true", help="as JSON")
    show = actions.add_parser("show", help="what one preset stands for, as JSON")
    show.add_argument("name", help="see `presets list`")
    export = actions.add_parser("export", help="write a preset to a file, to change or give away")
    export.add_argument("name", help="see `presets list`")
    export.add_argument("file", type=Path, help="where to write it")
    export.add_argument("--overwrite", action="store_true", help="replace an existing file")
    bring = actions.add_parser("import", help="keep a preset file among yours")
    bring.add_argument("file", type=Path, help="the file")
    bring.add_argument("--overwrite", action="store_true", help="replace a preset of yours of the same name")


def run(args: argparse.Namespace) -> int:
    """Do it, and return the exit code."""
    actions = {"list": _list, "show": _show, "export": _export, "import": _import}
    actions[args.action](args)
    return 0


def _list(args: argparse.Namespace) -> None:
    from flavr_core.media.presets import list_presets, preset_availability, preset_to_json

    presets = list_presets()
    if args.json:
        content = [{**preset_to_json(p), "not_available": preset_availability(p)} for p in presets]
        print(json.dumps(content, indent=2, ensure_ascii=False))
        return
    width = max(len(preset.name) for preset in presets)
    group = ""
    for preset in presets:
        if preset.group != group:
            print(f"{chr(10) if group else ''}{preset.group}")
            group = preset.group
        reason = preset_availability(preset)
        words = f"{preset.description} (not available: {reason})" if reason else preset.description
        print(f"  {preset.name:<{width}}  {words}{'' if preset.is_own else ' (yours)'}")


def _show(args: argparse.Namespace) -> None:
    from flavr_core.media.presets import find_preset, preset_to_json

    print(json.dumps(preset_to_json(find_preset(args.name)), indent=2, ensure_ascii=False))


def _export(args: argparse.Namespace) -> None:
    from flavr_core.errors import OutputError
    from flavr_core.media.presets import find_preset, write_preset_file

    preset = find_preset(args.name)
    if args.file.exists() and not args.overwrite:
        raise OutputError(f"'{args.file}' exists already.", "Add --overwrite, or choose another name.")
    write_preset_file(preset, args.file)
    print(f"Wrote {args.file}")


def _import(args: argparse.Namespace) -> None:
    from flavr_core.media.presets import import_preset, preset_availability, user_presets_folder

    preset = import_preset(args.file, overwrite=args.overwrite)
    print(f"Kept as '{preset.name}' in {user_presets_folder()}")
    reason = preset_availability(preset)
    if reason:
        print(f"It cannot be used here yet: {reason}")
