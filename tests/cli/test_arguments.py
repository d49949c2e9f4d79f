"""What the command line says of options: which one, as typed, and what to write instead."""

import pytest

from flavr_core.cli import COMMANDS, build_parser, main


def said(capsys, *arguments):
    code = main([str(argument) for argument in arguments])
    return code, capsys.readouterr().err


@pytest.mark.parametrize(
    ("option", "words"),
    [
        ("--rate=2xx", "--rate: '2xx'"),
        ("--rate=-2x", "--rate: '-2x'"),
        ("--rate=59,94", "point, not a comma: 59.94"),
        ("--slow=0", "--slow: '0'"),
        ("--slow=0.5", "--slow: Slow motion of '0.5'"),
        ("--stop=2,4", "point, not a comma: 2.4"),
        ("--start=noon", "--start: 'noon'"),
        ("--max-memory=much", "--max-memory: 'much'"),
        ("--sequence-rate=0", "--sequence-rate: '0'"),
    ],
)
def test_errors_name_the_option_and_quote_its_text(capsys, option, words):
    code, words_said = said(capsys, "convert", "a.mp4", "b.mp4", option)
    assert code == 2
    assert words in words_said
    assert words_said.count("error: ") == 1


@pytest.mark.parametrize(
    "arguments",
    [
        ("convert", "a.mp4", "b.mp4", "--rate="),
        ("convert", "a.mp4", "b.mp4", "--rate", ""),
        ("convert", "a.mp4", "b.mp4", "--cuts="),
        ("convert", "", "b.mp4"),
        ("probe", ""),
    ],
)
def test_empty_values_are_errors(capsys, arguments):
    code, words = said(capsys, *arguments)
    assert code == 2
    assert words.count("error: ") == 1


@pytest.mark.parametrize(
    ("output", "options"),
    [
        ("b.mp4", ("--max-size", "1MB", "--colors", "4", "--dither", "none", "--loop", "2")),
        ("b.apng", ("--colors", "4", "--crf", "20", "--speed", "fast")),
        ("folder", ("--max-size", "1MB", "--loop", "1")),
    ],
)
def test_options_that_would_change_nothing_are_errors(capsys, output, options):
    code, words = said(capsys, "convert", "a.mp4", output, *options)
    assert code == 2
    assert words.count("has no meaning") == len(options) // 2


def test_standard_output_is_refused(capsys):
    assert said(capsys, "convert", "a.mp4", "-")[0] == 2


def test_the_sample_is_an_mp4_file(capsys, tmp_path):
    output = tmp_path / "s.gif"
    code, words = said(capsys, "render-sample", "-o", output)
    assert (code, output.exists()) == (2, False)
    assert ".mp4" in words


def test_cuts_keep_an_existing_file(capsys, tmp_path):
    output = tmp_path / "cuts.txt"
    output.write_text("1f\n")
    code, words = said(capsys, "cuts", "resources/sample.mp4", "-o", output)
    assert code == 6
    assert "--overwrite" in words
    assert output.read_text() == "1f\n"


def options_without_text(parser):
    """Arguments of a parser and of its commands that help says nothing of."""
    for action in parser._actions:
        if isinstance(action.choices, dict):
            for inner in action.choices.values():
                yield from options_without_text(inner)
        elif not action.help:
            yield action.dest


def choices_of(parser):
    """What may be chosen in a parser and in its commands."""
    for action in parser._actions:
        if isinstance(action.choices, dict):
            for inner in action.choices.values():
                yield from choices_of(inner)
        elif action.choices is not None:
            yield from action.choices


@pytest.mark.parametrize("command", COMMANDS)
def test_what_may_be_chosen_is_named_as_it_is_typed(command):
    assert {type(choice) for choice in choices_of(build_parser(command))} <= {str, int}


@pytest.mark.parametrize("command", COMMANDS)
def test_every_option_has_a_text_without_doubled_percents(capsys, command):
    with pytest.raises(SystemExit):
        main([command, "--help"])
    assert "%%" not in capsys.readouterr().out
    assert not list(options_without_text(build_parser(command)))
