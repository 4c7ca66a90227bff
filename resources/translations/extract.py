"""Write every text of the window into ganstudio_LANGUAGE.ts, beside this file, for a translator.

    python resources/translations/extract.py zh_CN
    pyside6-linguist resources/translations/ganstudio_zh_CN.ts
    pyside6-lrelease resources/translations/ganstudio_zh_CN.ts

A file that is there already is brought up to date. The window loads what lrelease makes of it.
"""

import argparse
import json
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from tempfile import TemporaryDirectory

import ganstudio
from ganstudio import parts
from ganstudio.config import SETTINGS, built_in_presets, load_preset
from ganstudio.errors import MESSAGES, PHRASES
from ganstudio.gui.setting_texts import CHOICES, setting_texts
from ganstudio.pretrained import pretrained
from ganstudio.training.health import NAMES, SENTENCES


def tables() -> Iterator[tuple[str, str]]:
    """Yield the contexts and texts that lupdate does not see, because they are in tables."""
    for text in (*MESSAGES.values(), *PHRASES.values()):
        yield "errors", text
    for setting in setting_texts().values():
        yield "settings", setting.label
        yield "settings", setting.tip
        if setting.zero:
            yield "settings", setting.zero
    for choices in (setting.choices for setting in SETTINGS.values()):
        yield from (("choices", CHOICES.get(choice, choice)) for choice in choices)
    for preset in map(load_preset, built_in_presets()):
        yield "presets", preset.title
        yield "presets", preset.description
        for text in filter(None, (preset.difference, preset.group)):
            yield "presets", text
    for each in pretrained():
        yield "pretrained", each.title
        yield "pretrained", each.description
    for text in (*NAMES.values(), *SENTENCES.values()):
        yield "health", text
    for name in parts.names(parts.OBJECTIVE):
        yield "objectives", parts.load(parts.OBJECTIVE, name).OBJECTIVE.sentence


def extract(target: Path) -> None:
    """Write or renew the file `target`."""
    lupdate = "from PySide6.scripts.pyside_tool import lupdate; lupdate()"
    with TemporaryDirectory() as folder:
        path = Path(folder, "tables.py")  # the tables in a form that lupdate sees
        calls = (
            f"translate({json.dumps(context)}, {json.dumps(text, ensure_ascii=False)})\n"
            for context, text in tables()
        )
        path.write_text("".join(calls), encoding="utf-8")
        sources = [*sorted(Path(ganstudio.__file__).parent.rglob("*.py")), path]
        options = ["-silent", "-locations", "none", "-ts", target]
        subprocess.run([sys.executable, "-c", lupdate, *sources, *options], check=True)


if __name__ == "__main__":
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("language", metavar="LANGUAGE", help="such as zh_CN")
    extract(Path(__file__).with_name(f"ganstudio_{parser.parse_args().language}.ts"))
