import csv
import errno
import json
import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
import torch
from oracle import idx_bytes, interrupt_at
from PIL import Image

import ganstudio
from ganstudio import preset_files
from ganstudio.cli import main
from ganstudio.config import Config, load_config, preset_names
from ganstudio.data.sources.mnist import FILES
from ganstudio.latent.decode import decode
from ganstudio.latent.spec import Stream, generator
from ganstudio.training import checkpoint
from ganstudio.training.threads import cores
from ganstudio.training.trainer import Trainer


@pytest.fixture(autouse=True)
def folder(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    return tmp_path


@pytest.fixture
def train(small, tiny_root):
    """Train the small networks on the tiny data, with more options."""
    return lambda *words: main(["train", "--data-root", str(tiny_root), "--device", "cpu", *words])


@pytest.fixture
def run(train, folder):
    """A run of three steps."""
    words = ["--preset", "mlp-gelu", "--set", "batch_size=16", "--set", "latent_dim=5"]
    assert train(*words, "--steps", "3", "--out", "run") == 0
    return folder / "run" / "last.pt"


def refused(capsys, code: int) -> str:
    """Return the one line that stderr got."""
    assert code == 2
    out, err = capsys.readouterr()
    assert out == ""
    assert err.startswith("ganstudio: ")
    assert err.count("\n") == 1
    assert "Traceback" not in err
    return err


@pytest.mark.parametrize(
    ("words", "parts"),
    [
        (["--preset", "studoi"], ["studoi", "Did you mean “studio”", "mlp-gelu"]),
        (["--dataset", "nmist"], ["nmist", "Did you mean “mnist”"]),
        (["--device", "abacus"], ["abacus", "Available:", "cpu"]),
        (["--set", "dlr=1"], ["dlr", "Did you mean “d_lr”"]),
        (["--set", "d_lr"], ["d_lr", "setting=value"]),
        (["--set", "d_lr=fast"], ["d_lr", "fast"]),
        (["--set", "d_lr=2"], ["d_lr is 2", "between 0 and 1"]),
        (["--set", "g_lr=nan"], ["g_lr", "nan"]),
        (["--set", "order=first"], ["order", "d-first"]),
        (["--seed", "-1"], ["seed is -1"]),
        (["--seed", "x"], ["seed", "x"]),
        (["--config", "none.toml"], ["none.toml", "cannot be read"]),
        (["--resume", "none.pt"], ["none.pt", "cannot be read"]),
        (["--data-root", "nowhere"], ["train-images-idx3-ubyte", "does not exist"]),
    ],
)
def test_mistakes_are_explained_in_a_line(words: list[str], parts: list[str], capsys, folder):
    err = refused(capsys, main(["train", *words]))
    assert all(part in err for part in parts)
    assert list(folder.iterdir()) == []


@pytest.mark.parametrize(
    "words",
    [
        ["train", "--steps", "0"],
        ["train", "--steps", "1.5"],
        ["train", "--steps", "99999999999"],
        ["train", "--epochs", "nan"],
        ["train", "--minutes", "-3"],
        ["train", "--threads", "0"],
        ["train", "--minutes", "inf"],
        ["train", "--steps", "1", "--epochs", "1"],
        ["train", "--preset", "studio", "--resume", "a.pt"],
        ["train", "--step", "3"],
        ["sample", "a.pt"],
        ["sample", "a.pt", "--out", "a.png", "--num", "0"],
        ["sample", "a.pt", "--out", "a.png", "--seed", "-1"],
        ["sample", "a.pt", "--out", "a.png", "--class", "three"],
        ["presets", "more"],
    ],
)
def test_wrong_words_show_the_usage(words: list[str], capsys):
    with pytest.raises(SystemExit) as caught:
        main(words)
    assert caught.value.code == 2
    assert "usage: ganstudio" in capsys.readouterr().err


def test_version(capsys):
    with pytest.raises(SystemExit) as caught:
        main(["--version"])
    assert caught.value.code == 0
    assert capsys.readouterr().out == f"GAN Studio {ganstudio.__version__}\n"


def test_presets(capsys):
    assert main(["presets"]) == 0
    out, err = capsys.readouterr()
    titles = [line.split(" (")[0] for line in out.splitlines() if line.strip() == line != ""]
    assert titles == list(preset_names())
    heading = out.index("\n  Broken on purpose:\n")
    assert out.index("\nwgan (") < heading < out.index("\nbroken-")
    assert max(map(len, out.splitlines())) <= 100
    assert err == ""


def test_presets_of_ones_own_train(train, folder):
    preset_files.save("Mine", "", Config(model="mlp-gelu", batch_size=16, latent_dim=5, r1=0))
    assert train("--preset", "mine", "--steps", "1") == 0
    assert load_config(folder / "runs" / "mine-0" / "config.toml").latent_dim == 5


def test_a_file_that_is_none_opens_no_window(capsys):
    err = refused(capsys, main(["none.pt"]))
    assert "none.pt" in err
    assert "Did you mean “ganstudio train”" in refused(capsys, main(["trian"]))


@pytest.mark.parametrize(
    ("words", "parts"),
    [
        (["smaple", "x"], ["no command and no checkpoint “smaple”", "“ganstudio sample”"]),
        (["trian", "--steps", "3"], ["no command and no checkpoint “trian”", "“ganstudio train”"]),
        (["none.pt", "--device", "cpu"], ["no command and no checkpoint “none.pt”. See"]),
    ],
)
def test_a_mistyped_command_is_named_with_the_nearest(words: list[str], parts: list[str], capsys):
    err = refused(capsys, main(words))
    assert all(part in err for part in parts)


@pytest.mark.parametrize(
    ("words", "near"),
    [
        (["train", "--prset", "x"], "--preset"),
        (["train", "--sed=3"], "--seed"),
        (["sample", "a.pt", "--otu", "a.png"], "--out"),
        (["evaluate", "a.pt", "--jsno"], "--json"),
        (["window", "--devise", "cpu"], "--device"),
        (["presets", "--hlep"], "--help"),
    ],
)
def test_a_mistyped_option_is_named_with_the_nearest(words: list[str], near: str, capsys):
    with pytest.raises(SystemExit) as caught:
        main(words)
    assert caught.value.code == 2
    err = capsys.readouterr().err
    assert f"usage: ganstudio {words[0]} " in err
    assert f"Did you mean “{near}”?" in err


def test_words_too_many_show_the_commands_usage(capsys):
    with pytest.raises(SystemExit):
        main(["train", "studio"])
    err = capsys.readouterr().err
    assert "usage: ganstudio train " in err
    assert "unrecognized arguments: studio" in err


def test_help_tells_of_checkpoints_and_commands(capsys):
    with pytest.raises(SystemExit):
        main(["--help"])
    usage = capsys.readouterr().out.partition("\n\n")[0]
    assert "ganstudio [CHECKPOINT|FOLDER]" in usage
    assert "ganstudio COMMAND" in usage


def test_training_resuming_and_refusing(run, train, capsys):
    assert checkpoint.read(run)["step"] == 3
    assert load_config(run.parent / "config.toml").latent_dim == 5

    assert train("--resume", str(run), "--steps", "5", "--set", "d_lr=0.125") == 0
    capsys.readouterr()
    content = checkpoint.read(run)
    assert (content["step"], content["config"]["d_lr"]) == (5, 0.125)

    before = run.read_bytes()
    err = refused(capsys, train("--steps", "2", "--out", "run"))
    assert "already holds a run" in err
    assert "--resume run/last.pt" in err
    err = refused(capsys, train("--resume", str(run), "--set", "seed=3"))
    assert "seed cannot change" in err
    assert run.read_bytes() == before


@pytest.mark.parametrize("option", [["--seed", "3"], ["--dataset", "mnist"]])
def test_a_resumed_run_keeps_its_settings(option: list[str], run, train, capsys):
    capsys.readouterr()
    err = refused(capsys, train("--resume", str(run), "--steps", "9", *option))
    assert option[0].strip("-") in err


def test_asking_for_fewer_steps_than_there_are(run, train, capsys):
    capsys.readouterr()
    err = refused(capsys, train("--resume", str(run), "--steps", "2"))
    assert "already at step 3" in err
    assert "asked for 2" in err


def test_an_earlier_step_of_a_run_that_went_on(run, train, capsys):
    assert train("--resume", str(run), "--steps", "5") == 0
    capsys.readouterr()
    files = {path: path.read_bytes() for path in run.parent.iterdir()}
    early = run.with_name("step-0000003.pt")
    err = refused(capsys, train("--resume", str(early), "--steps", "4"))
    assert "last.pt is at step 5" in err
    assert f"--resume {run}" in err
    assert "--out" in err
    assert files == {path: path.read_bytes() for path in run.parent.iterdir()}
    assert train("--resume", str(early), "--steps", "4", "--out", "branch") == 0


def contents(folder: Path) -> dict[Path, bytes]:
    return {path: path.read_bytes() for path in folder.iterdir()}


def test_a_checkpoint_of_another_run_does_not_overwrite_the_folders(run, train, folder, capsys):
    words = ["--preset", "mlp-gelu", "--set", "batch_size=16", "--seed", "1", "--steps", "5"]
    assert train(*words, "--out", "other") == 0
    stray = run.with_name("a.pt")
    stray.write_bytes((folder / "other" / "last.pt").read_bytes())
    before = contents(run.parent)
    capsys.readouterr()
    for place in ([], ["--out", "run"]):
        err = refused(capsys, train("--resume", str(stray), "--steps", "9", *place))
        assert f"{place[1] if place else run.parent} already holds a run" in err
        assert "choose another --out" in err
    assert contents(run.parent) == before
    assert train("--resume", str(stray), "--steps", "6", "--out", "elsewhere") == 0


def test_a_checkpoint_by_itself_begins_a_folder(run, train, folder, capsys):
    words = ["--preset", "mlp-gelu", "--published", "--seed", "7", "--steps", "1"]
    assert train(*words, "--out", "published") == 0
    home = folder / "home"
    home.mkdir()
    for source, name in (
        (run, "mlp-gelu-0"),
        (folder / "published" / "last.pt", "mlp-gelu-published-7"),
    ):
        saved = home / "step-0000003.pt"
        saved.write_bytes(source.read_bytes())
        capsys.readouterr()
        assert train("--resume", str(saved), "--steps", "5") == 0
        out = Path("runs") / name
        assert f"into {out}." in capsys.readouterr().out
        assert checkpoint.read(out / "last.pt")["step"] == 5
        assert list(home.iterdir()) == [saved]
        err = refused(capsys, train("--resume", str(saved), "--steps", "9"))
        assert f"{out} already holds a run" in err
    assert train("--resume", str(saved), "--steps", "5", "--out", "home") == 0  # asked for
    assert (home / "config.toml").exists()


def test_a_run_goes_on_in_its_folder_from_any_checkpoint(run, train):
    saved = run.rename(run.with_name("a.pt"))
    assert train("--resume", str(run.with_name("step-0000003.pt")), "--steps", "4") == 0
    assert checkpoint.read(run)["step"] == 4  # cut short before there was one
    run.write_bytes(saved.read_bytes())
    assert train("--resume", str(saved), "--steps", "5") == 0  # as the window saved it
    assert checkpoint.read(run)["step"] == 5


@pytest.mark.parametrize(
    "error",
    [
        torch.OutOfMemoryError("full"),
        MemoryError(),
        RuntimeError("DefaultCPUAllocator: can't allocate memory"),
    ],
)
def test_too_little_memory_is_a_line(error, run, train, capsys, monkeypatch):
    def fails(*_args: object) -> None:
        raise error

    capsys.readouterr()
    with monkeypatch.context() as patch:
        patch.setattr(Trainer, "train_step", fails)
        assert train("--resume", str(run), "--steps", "9") == 2
        told = capsys.readouterr().err.splitlines()[-1]
        assert "ganstudio: The device cpu ran out of memory at step 4. Lower batch_size" in told
    with monkeypatch.context() as patch:
        patch.setattr("ganstudio.data.batches._on_device", fails)
        for words in (["--resume", str(run)], ["--preset", "mlp-gelu"]):
            err = refused(capsys, train(*words, "--steps", "9"))
            assert "The device cpu has too little memory" in err
    with monkeypatch.context() as patch:
        patch.setattr("ganstudio.training.headless.decode", fails)
        err = refused(capsys, main(["sample", str(run), "--out", "a.png"]))
        assert "Lower --num" in err


def test_it_says_to_which_epoch_it_trains(train, monkeypatch, capsys):
    monkeypatch.setattr("ganstudio.training.headless.train", lambda *_, **__: False)
    assert train("--preset", "mlp-gelu", "--set", "batch_size=16", "--epochs", "1.5") == 0
    assert "seed 0, to epoch 1.5, into" in capsys.readouterr().out


def test_the_default_folder_names_preset_and_seed(train, folder):
    words = ["--preset", "mlp-gelu", "--seed", "7", "--set", "batch_size=16"]
    assert train(*words, "--steps", "1") == 0
    assert (folder / "runs" / "mlp-gelu-7" / "last.pt").exists()


def test_it_says_what_trains(run, train, monkeypatch, capsys):
    """What is asked for is called as the person called it."""
    monkeypatch.setattr("ganstudio.training.headless.train", lambda *_, **__: False)
    config = str(run.parent / "config.toml")
    capsys.readouterr()
    for words, told in (
        (["--preset", "mlp-gelu"], "Training mlp-gelu on mnist, cpu, seed 0"),
        ([], "Training studio on mnist, cpu, seed 0"),
        (["--set", "batch_size=16"], "Training studio with changes on"),
        (["--config", config], "Training mlp-gelu on"),
        (["--resume", str(run), "--steps", "9000"], f"seed 0, to step 9,000, into {run.parent}."),
    ):
        assert train(*words) == 0
        assert told in capsys.readouterr().out, words


def test_threads(run, train, monkeypatch):
    used: list[int] = []
    before = checkpoint.read(run)["threads"]
    monkeypatch.setattr(torch, "set_num_threads", used.append)
    assert train("--resume", str(run), "--steps", "4") == 0
    assert used == [before], "as many as before"
    assert train("--resume", str(run), "--steps", "5", "--threads", "3") == 0
    assert used == [before, 3]
    assert train("--resume", str(run), "--steps", "6", "--adapt") == 0
    assert used[2] == cores(), "which is tried first"


def test_several_processes_do_not_adapt(train, monkeypatch, capsys):
    monkeypatch.setenv("WORLD_SIZE", "2")
    assert train("--steps", "4", "--adapt") == 2
    assert "--adapt is for one process" in capsys.readouterr().err


def test_settings_from_a_file(run, train, folder):
    words = ["--config", str(run.parent / "config.toml"), "--out", "again", "--steps", "3"]
    assert train(*words) == 0
    first, second = (checkpoint.read(path) for path in (run, folder / "again" / "last.pt"))
    assert second["config"] == first["config"]
    assert all((first["G"][name] == second["G"][name]).all() for name in first["G"])


def test_ctrl_c_is_130(train, capsys, monkeypatch):
    interrupt_at(monkeypatch, {2: 1})
    words = ["--preset", "mlp-gelu", "--set", "batch_size=16", "--out", "run", "--steps", "9"]
    assert train(*words) == 130
    told = "Step 2 saved. Continue: ganstudio train --resume run/last.pt"
    assert told in capsys.readouterr().out


def test_how_to_continue_can_be_pasted(train, capsys):
    assert train("--preset", "mlp-gelu", "--steps", "1", "--out", "my run") == 0
    assert "ganstudio train --resume 'my run/last.pt'" in capsys.readouterr().out


def test_a_name_too_long_for_any_file(capsys):
    assert "no checkpoint" in refused(capsys, main(["a" * 300]))
    assert "no checkpoint" in refused(capsys, main(["window", "a" * 300]))


def test_a_mistyped_option_without_a_command_is_named(capsys):
    with pytest.raises(SystemExit):
        main(["--versoin"])
    assert "no option “--versoin”" in (said := capsys.readouterr().err)
    assert "--version" in said


def test_a_place_that_cannot_be_written(train, folder, capsys):
    (folder / "file").touch()
    words = ["--preset", "mlp-gelu", "--set", "batch_size=16", "--steps", "1"]
    err = refused(capsys, train(*words, "--out", "file"))
    assert "file is a file, not a folder. Choose another --out." in err


def test_a_full_disk_says_what_is_lost(run, train, capsys, monkeypatch):
    def full(*_args: object) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    capsys.readouterr()
    monkeypatch.setattr(os, "fsync", full)
    assert train("--resume", str(run), "--steps", "9") == 2
    err = capsys.readouterr().err
    assert "There is no space left for" in err
    assert "nothing was lost" in err  # no step was made
    monkeypatch.setattr("ganstudio.training.headless.save_config", lambda *_: None)
    assert train("--resume", str(run), "--steps", "9") == 2
    told = capsys.readouterr().err.splitlines()[-1]
    assert "saved up to step 3; later steps are lost: there is no space left for" in told
    assert "nothing was lost" not in told


@pytest.mark.parametrize("words", [[], ["--resume", "run/last.pt"]])
def test_how_to_go_on_names_the_model_file(words: list[str], train, folder, capsys):
    (folder / "mine.py").write_text(
        "from ganstudio.models.mlp_gelu import discriminator, generator\nOUTPUT_RANGE = (0, 1)\n"
    )
    new = ["--model-file", "mine.py", "--set", "batch_size=16", "--out", "run"]
    assert train(*new, "--steps", "1") == 0
    if words:
        capsys.readouterr()
        assert train(*words, "--model-file", "mine.py", "--steps", "2") == 0
    told = capsys.readouterr().out
    assert "ganstudio train --resume run/last.pt --model-file mine.py\n" in told


def test_samples_in_numbers(run, capsys):
    capsys.readouterr()
    for name, seed in (("a.npy", 1), ("b.npy", 1), ("c.npy", 2)):
        words = ["sample", str(run), "--num", "10", "--seed", str(seed), "--out", name]
        assert main(words) == 0
    assert "10 samples of seed 1 written to a.npy" in capsys.readouterr().out
    a, b, c = (np.load(name) for name in ("a.npy", "b.npy", "c.npy"))
    assert (a.shape, a.dtype) == ((10, 1, 28, 28), np.uint8)
    assert np.array_equal(a, b)
    assert not np.array_equal(a, c)


def test_samples_as_a_picture(run):
    assert main(["sample", str(run), "--num", "10", "--out", "a.PNG"]) == 0
    assert main(["sample", str(run), "--num", "10", "--out", "a.npy"]) == 0
    with Image.open("a.PNG") as picture:
        assert (picture.size, picture.mode) == ((4 * 30 - 2, 3 * 30 - 2), "L")
        sheet = np.asarray(picture)
    numbers = np.load("a.npy")
    assert np.array_equal(sheet[:28, :28], numbers[0, 0])
    assert np.array_equal(sheet[60:88, 30:58], numbers[9, 0])


@pytest.mark.parametrize(
    ("words", "part"),
    [
        (["none.pt", "--out", "a.png"], "none.pt cannot be read"),
        (["none.pt", "--out", "a.jpg"], "must end in .png or .npy"),
        (["text", "--out", "a.png"], "is not a GAN Studio checkpoint"),
        (["model.pt", "--out", "a.png"], "it is a PyTorch file of another program"),
        ([".", "--out", "a.png"], "cannot be read"),
    ],
)
def test_samples_of_what_is_no_checkpoint(words: list[str], part: str, folder, capsys):
    (folder / "text").write_text("hello")
    torch.save({"weight": torch.zeros(3)}, folder / "model.pt")
    assert part in refused(capsys, main(["sample", *words]))
    assert not (folder / "a.png").exists()


def test_samples_of_a_class(train, folder, capsys):
    base = ["--preset", "mlp-gelu", "--set", "batch_size=16", "--steps", "1"]
    assert train(*base, "--set", "conditional=true", "--out", "c") == 0
    assert (np.asarray(Image.open(folder / "c" / "samples-0000001.png")).shape) == (298, 298)
    run = str(folder / "c" / "last.pt")
    capsys.readouterr()
    for name, words in (
        *(("a.npy", ["--class", "0"]), ("b.npy", ["--class", "9"])),
        *(("c.npy", ["--class", "9"]), ("d.npy", [])),
    ):
        assert main(["sample", run, "--num", "7", *words, "--out", name]) == 0
    told = capsys.readouterr().out
    assert "7 samples of class 9 of seed 0 written to c.npy." in told
    assert "7 samples of seed 0 written to d.npy." in told
    a, b, c, d = (np.load(f"{name}.npy") for name in "abcd")
    assert np.array_equal(b, c)
    assert all(not np.array_equal(one, other) for one, other in zip(a, b, strict=True))
    snapshot = checkpoint.snapshot_of(checkpoint.read(Path(run)), Path(run))
    z = snapshot.latent.sample(7, generator(0, Stream.SAMPLES))
    assert np.array_equal(decode(snapshot, z), d)
    for image, other, number in zip(
        b, d, z[:, snapshot.latent.slices["class"]].argmax(1), strict=True
    ):
        assert np.array_equal(image, other) == (number == 9)


@pytest.mark.parametrize("number", ["-1", "10", "1000000"])
def test_a_class_that_there_is_not(number: str, train, folder, capsys):
    words = ["--preset", "mlp-gelu", "--set", "batch_size=16", "--set", "conditional=true"]
    assert train(*words, "--steps", "1", "--out", "c") == 0
    capsys.readouterr()
    words = ["sample", "c/last.pt", "--class", number, "--out", "a.npy"]
    told = refused(capsys, main(words))
    assert f"--class is {number}; it must be between 0 and 9." in told
    assert not (folder / "a.npy").exists()


@pytest.mark.parametrize(
    ("settings", "part"),
    [
        ([], "its generator was never told any classes"),
        (["code_choices=6"], "its code of 6 choices is no class"),
        (["continuous_codes=2"], "its generator was never told any classes"),
    ],
)
def test_a_model_without_classes_draws_none(settings, part: str, train, folder, capsys):
    words = [word for name in ("batch_size=16", *settings) for word in ("--set", name)]
    assert train("--preset", "mlp-gelu", *words, "--steps", "1", "--out", "c") == 0
    capsys.readouterr()
    told = refused(capsys, main(["sample", "c/last.pt", "--class", "3", "--out", "a.npy"]))
    assert part in told
    assert "c/last.pt" in told
    assert "Leave --class out" in told
    assert not (folder / "a.npy").exists()


@pytest.mark.parametrize("name", ["none/a.png", "none/a.npy"])
def test_samples_to_no_place(name: str, run, capsys):
    capsys.readouterr()
    assert name in refused(capsys, main(["sample", str(run), "--out", name]))


def python(code: str) -> None:
    subprocess.run([sys.executable, "-c", code], check=True, timeout=60)


def test_light_commands_do_not_load_torch():
    python(
        "import sys, ganstudio.config, ganstudio.cli as cli\n"
        "assert cli.main(['presets']) == 0\n"
        "assert cli.main(['train', '--preset', 'none']) == 2\n"
        "assert cli.main(['train', '--set', 'g_lr=x']) == 2\n"
        "assert cli.main(['none.pt']) == 2\n"
        "import ganstudio.latent.spec, ganstudio.training.history, ganstudio.training.status\n"
        "loaded = {'torch', 'PySide6', 'pyqtgraph'} & set(sys.modules)\n"
        "assert not loaded, loaded"
    )


def test_the_engine_does_not_load_qt():
    python(
        "import sys, ganstudio.cli, ganstudio.training.runner, ganstudio.training.headless\n"
        "import ganstudio.latent.decode, ganstudio.data.sources.mnist\n"
        "from ganstudio import parts\n"
        "for kind in (parts.MODEL, parts.OBJECTIVE, parts.DATASET):\n"
        "    for name in parts.names(kind):\n"
        "        parts.load(kind, name)\n"
        "loaded = {'PySide6', 'pyqtgraph', 'ganstudio.gui'} & set(sys.modules)\n"
        "assert not loaded, loaded"
    )


def test_the_window_does_not_wait_for_torch_or_pyqtgraph():
    python(
        "import os, sys\n"
        "os.environ.update(QT_QPA_PLATFORM='offscreen', XDG_CONFIG_HOME='/nonexistent')\n"
        "from ganstudio.gui import app\n"
        "application = app.create_app()\n"
        "window = app.MainWindow('cpu', None)\n"
        "window.show()\n"
        "loaded = {'torch', 'pyqtgraph'} & set(sys.modules)\n"
        "assert not loaded, loaded"
    )


def test_a_checkpoint_is_judged(run, tiny_root, capsys):
    words = ["evaluate", str(run), "--num", "40", "--data-root", str(tiny_root)]
    assert main(words) == 0
    assert "no figures, since" in capsys.readouterr().out  # bars are no digits
    assert main([*words, "--json"]) == 0
    out, err = capsys.readouterr()
    for shown in ("Looking at real images: 100%", "Judging step 3: 100%"):
        assert shown in err
    told = json.loads(out)
    assert told["step"] == 3
    assert told["n"] == 40
    assert "names only" in told["unfit"]


def test_what_cannot_be_judged_is_refused(folder, capsys):
    (folder / "x.pt").write_bytes(b"no checkpoint")
    assert "x.pt is not a GAN Studio checkpoint" in refused(capsys, main(["evaluate", "x.pt"]))
    with pytest.raises(SystemExit):
        main(["evaluate", "x.pt", "--num", "39"])
    assert "from 40 to 10,000" in capsys.readouterr().err


def test_training_is_judged_every_so_many_steps(train, folder, capsys, monkeypatch):
    words = ["--preset", "mlp-gelu", "--set", "batch_size=16", "--steps", "5"]
    assert train(*words, "--out", "unfit", "--evaluate-every", "2") == 0
    assert "no figures, since the feature network" in capsys.readouterr().err  # bars are no digits
    assert not (folder / "unfit" / "quality.csv").exists()
    monkeypatch.setattr("ganstudio.evaluation.features.FITS", 0.0)
    monkeypatch.setattr(sys.stderr, "isatty", lambda: True)
    assert train(*words, "--out", "run", "--evaluate-every", "2") == 0
    with (folder / "run" / "quality.csv").open() as file:
        rows = list(csv.DictReader(file))
    assert [row["step"] for row in rows] == ["2", "4"]
    assert [row["n"] for row in rows] == ["64", "64"]  # no more are held out
    former = "step,n\n2,9\n"  # as an earlier version had them
    (folder / "run" / "quality.csv").write_text(former)
    resume = ["train", "--resume", str(folder / "run" / "last.pt"), "--device", "cpu"]
    assert main([*resume, "--steps", "6", "--evaluate-every", "2"]) == 0
    assert (folder / "run" / "quality-before.csv").read_text() == former
    with (folder / "run" / "quality.csv").open() as file:
        assert [row["step"] for row in csv.DictReader(file)] == ["6"]
    err = capsys.readouterr().err
    assert "Step 4: the Fréchet distance is" in err
    assert "Looking at real images: 100%" in err
    assert "Judging: " in err


def test_other_images_than_a_checkpoint_is_for_are_refused(run, folder, capsys):
    (folder / "other").mkdir()
    for name in FILES:
        shape = (50, 30, 30) if "images" in name else (50,)
        (folder / "other" / name).write_bytes(idx_bytes(np.zeros(shape, np.uint8)))
    code = main(["evaluate", str(run), "--num", "40", "--data-root", "other"])
    assert "its networks are for images of (1, 28, 28)" in refused(capsys, code)


@pytest.fixture
def pictures(folder):
    """A folder of twelve images and one file that is none."""
    (folder / "pictures").mkdir()
    for i in range(12):
        colour = (20 * i, 255 - 20 * i, 9)
        Image.new("RGB", (28, 28), colour).save(folder / "pictures" / f"{i:02}.png")
    (folder / "pictures" / "bad.png").write_bytes(b"bad")
    return folder / "pictures"


@pytest.fixture
def colours(small, pictures, capsys):
    """A run of two steps on the folder `pictures`."""
    words = ["train", "--preset", "mlp-gelu", "--dataset", "folder", "--data-root", "pictures"]
    words += ["--set", "batch_size=4", "--set", "latent_dim=5", "--device", "cpu"]
    assert main([*words, "--steps", "2", "--out", "run"]) == 0
    return pictures.parent / "run" / "last.pt"


def test_a_folder_of_images_trains_and_says_what_it_leaves_out(colours, capsys):
    _, err = capsys.readouterr()
    assert "ganstudio: 1 of 13 files in" in err
    assert "left out: bad.png." in err
    assert checkpoint.snapshot_of(checkpoint.read(colours), colours).architecture.image_shape == (
        *(3, 28, 28),
    )


def test_a_resumed_run_finds_its_folder_from_anywhere(colours, pictures, monkeypatch, capsys):
    monkeypatch.chdir("/")
    resume = ["train", "--resume", str(colours), "--device", "cpu"]
    assert main([*resume, "--steps", "3"]) == 0
    moved = pictures.rename(pictures.with_name("moved"))
    capsys.readouterr()
    err = refused(capsys, main([*resume, "--steps", "4"]))
    assert f"no folder {pictures}" in err
    assert "--data-root" in err
    assert main([*resume, "--steps", "4", "--data-root", str(moved)]) == 0
    assert checkpoint.read(colours)["data_root"] == str(moved)


@pytest.mark.parametrize(
    ("words", "parts"),
    [
        (["--dataset", "folder"], ["dataset", "--data-root"]),
        (
            ["--dataset", "folder", "--data-root", "pictures"],
            ["batch_size is 64", "training images than 10"],
        ),
        (["--dataset", "folder", "--data-root", "pictures", "--set", "image_size=30"], ["30×30"]),
        (["--dataset", "folder", "--data-root", "none"], ["no folder none"]),
    ],
)
def test_mistakes_with_folders_are_explained(words: list[str], parts: list[str], capsys, pictures):
    assert main(["train", *words]) == 2
    err = capsys.readouterr().err
    assert all(part in err for part in parts)
    assert "Traceback" not in err


def test_files_that_are_there_need_no_network(small, tiny_root, folder, capsys):
    words = ["train", "--preset", "mlp-gelu", "--data-root", str(tiny_root), "--set"]
    words += ["batch_size=16", "--steps", "2", "--device", "cpu", "--out", "run"]
    assert main([*words, "--dataset", "fashion-mnist"]) == 0
    assert checkpoint.read(folder / "run" / "last.pt")["data_root"] == str(tiny_root)


@pytest.mark.usefixtures("small")
def test_a_resumed_run_has_as_many_threads_as_before(tiny_root, tmp_path):
    out = tmp_path / "run"
    words = ["train", "--preset", "mlp-gelu", "--data-root", str(tiny_root), "--out", str(out)]
    before = torch.get_num_threads()
    try:
        assert main([*words, "--steps", "2", "--threads", "2"]) == 0
        torch.set_num_threads(1)
        resumed = ["train", "--resume", str(out / "last.pt"), "--steps"]
        assert main([*resumed, "4"]) == 0
        assert checkpoint.read(out / "last.pt")["threads"] == 2
        assert main([*resumed, "5", "--threads", "1"]) == 0
        assert checkpoint.read(out / "last.pt")["threads"] == 0
    finally:
        torch.set_num_threads(before)


def test_how_many_are_in_a_file_is_not_asked(tmp_path, capsys):
    words = ["sample", "none.pt", "--z", "z.npy", "--num", "3", "--out", str(tmp_path / "a.png")]
    assert main(words) == 2
    assert "--num is of a --seed" in capsys.readouterr().err
