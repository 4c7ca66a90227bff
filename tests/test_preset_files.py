"""The person's own presets, in a config folder of this test's own."""

import os

import pytest

from ganstudio import preset_files
from ganstudio.cli import main
from ganstudio.config import (
    Config,
    built_in_presets,
    form_of,
    load_preset,
    own_folder,
    own_presets,
    preset_names,
    preset_of,
    read_preset,
)
from ganstudio.errors import StudioError

MINE = Config(batch_size=48, g_lr=3e-4, seed=9)


def write(name: str, text: str) -> None:
    own_folder().mkdir(parents=True, exist_ok=True)
    (own_folder() / f"{name}.toml").write_text(text, encoding="utf-8")


def test_there_are_none_at_first():
    assert own_presets() == ({}, [])
    assert preset_names() == built_in_presets()


def test_a_saved_preset_stands_after_the_built_in_ones():
    saved = preset_files.save(" Mine, the 2nd ", "Slow and steady.", MINE)
    assert (saved.name, saved.title, saved.own) == ("mine-the-2nd", "Mine, the 2nd", True)
    assert preset_names() == (*built_in_presets(), "mine-the-2nd")
    assert load_preset("mine-the-2nd") == saved
    assert saved.config == MINE.changed(seed=0)
    assert saved.description == "Slow and steady."
    assert preset_of(MINE.changed(seed=5).to_dict()) == "mine-the-2nd"


@pytest.mark.parametrize("title", ["studio", "MLP GELU", "Wgan_gp"])
def test_built_in_names_are_refused(title: str):
    with pytest.raises(StudioError) as caught:
        preset_files.save(title, "", MINE)
    assert caught.value.code == "preset-exists"
    assert not own_folder().exists()


def test_a_name_is_taken_once():
    preset_files.save("Mine", "first", MINE)
    with pytest.raises(StudioError, match="already"):
        preset_files.save("MINE!", "second", MINE)
    assert load_preset("mine").description == "first"


@pytest.mark.parametrize("title", ["", "  ", "…/..", "_"])
def test_titles_of_nothing(title: str):
    with pytest.raises(StudioError) as caught:
        preset_files.name_for(title)
    assert caught.value.code == "preset-needs-title"


@pytest.mark.parametrize("title", ["../../evil", "a/b", "Ünïcode 数字", "x" * 40])
def test_a_name_is_one_file_in_the_folder(title: str):
    saved = preset_files.save(title, "", MINE)
    assert [path.stem for path in own_folder().iterdir()] == [saved.name]


def test_a_file_that_changes_is_read_again():
    write("mine", "batch_size = 8")
    assert load_preset("mine").config.batch_size == 8
    assert preset_of(Config(batch_size=8).to_dict()) == "mine"
    write("mine", "batch_size = 16")
    os.utime(own_folder() / "mine.toml", ns=(1, 1))
    assert load_preset("mine").config.batch_size == 16
    assert preset_of(Config(batch_size=8).to_dict()) is None
    preset_files.delete("mine")
    assert "mine" not in preset_names()
    with pytest.raises(StudioError, match="no preset called “mine”"):
        load_preset("mine")


def test_of_several_with_the_same_settings_the_preferred_one():
    preset_files.save("Twin", "", Config())
    settings = Config().to_dict()
    assert form_of(settings) == ("studio", False)
    assert form_of(settings, prefer="twin") == ("twin", False)
    assert form_of(settings, prefer="dcgan") == ("studio", False)


@pytest.mark.parametrize(
    ("text", "part"),
    [
        ("batch_size = ", "not a valid TOML file"),
        ("batch_size = 0", "batch_size is 0"),
        ("batchsize = 3", "Did you mean “batch_size”"),
        ("about = 3", "[about] and [published]"),
        ("published = 3", "[about] and [published]"),
        ("[published]\nbeta1 = 7", "beta1 is 7"),
    ],
)
def test_a_damaged_one_is_named_and_skipped(text: str, part: str, capsys):
    write("good", "batch_size = 8")
    write("bad", text)
    sound, damaged = own_presets()
    assert set(sound) == {"good"}
    assert len(damaged) == 1
    assert part in str(damaged[0])
    assert str(own_folder() / "bad.toml") in str(damaged[0])
    with pytest.raises(StudioError) as caught:
        load_preset("bad")
    assert str(caught.value) == str(damaged[0])

    assert main(["presets"]) == 0
    out, err = capsys.readouterr()
    assert "\ngood (good)\n" in out
    assert err == f"ganstudio: {damaged[0]}\n"


def test_a_file_called_as_a_built_in_preset_hides_nothing():
    write("studio", "batch_size = 8")
    assert load_preset("studio").config == Config()
    assert [error.code for error in own_presets()[1]] == ["preset-name-taken"]


@pytest.mark.parametrize("name", ["../mine", "/etc/passwd", ""])
def test_names_are_no_paths(name: str):
    write("mine", "")
    with pytest.raises(StudioError, match="There is no preset called"):
        load_preset(name)


@pytest.mark.parametrize("name", built_in_presets())
def test_what_is_exported_is_imported_as_it_was(name: str, tmp_path):
    original = load_preset(name)
    file = tmp_path / "shared.toml"
    preset_files.export(original, file)
    copy = preset_files.import_file(file)
    assert copy == read_preset(own_folder() / "shared.toml")
    for field in ("title", "description", "difference", "config", "published"):
        assert getattr(copy, field) == getattr(original, field)


def test_importing_refuses_what_cannot_be_used(tmp_path):
    file = tmp_path / "shared.toml"
    file.write_text("g_lr = 'fast'")
    with pytest.raises(StudioError) as caught:
        preset_files.import_file(file)
    assert caught.value.code == "bad-preset"
    file.write_text("g_lr = 0.5")
    preset_files.import_file(file)
    with pytest.raises(StudioError) as caught:
        preset_files.import_file(file)
    assert caught.value.code == "preset-exists"
    with pytest.raises(StudioError) as caught:
        preset_files.import_file(tmp_path / "none.toml")
    assert caught.value.code == "cannot-read"
    assert set(own_presets()[0]) == {"shared"}
