"""The command ``hearth``. Every command imports what it needs when it is called, so that each starts at once."""

import logging
import os
import sys
from pathlib import Path
from typing import Annotated, Literal

import typer

import models.cli as models
from edge import leaving
from edge.cli import console, privacy, sync, update, wake
from edge.cli.backup import backup, restore
from edge.cli.options import Config, Json, data_dir_of, print_json, print_rows, settings_of
from edge.errors import AssistantError, AssistantUnreachable

app = typer.Typer(
    name="hearth",
    help="A voice assistant for your own board and your own house.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    rich_markup_mode="markdown",
    context_settings={"help_option_names": ["-h", "--help"]},
)

Listen = Literal["on", "off", "status"]


@leaving.at_once
def main() -> None:
    """Entry point: an expected failure is one line on standard error and exit code 1."""
    # Without this, warnings of the log would be printed beside that line; `hearth run` sets up its log itself.
    logging.getLogger("edge").addHandler(logging.NullHandler())
    try:
        app()
    except AssistantError as error:
        print(f"hearth: {error}", file=sys.stderr)
        sys.exit(1)
    except BrokenPipeError:
        # Whoever read our output has gone, as with `hearth devices | head`.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        sys.exit(1)


def _say_version(wanted: bool) -> None:
    if wanted:
        from importlib.metadata import version

        print(f"Hearthside {version('hearthside')}")
        raise typer.Exit


@app.callback()
def _hearth(
    version: Annotated[
        bool, typer.Option("--version", callback=_say_version, is_eager=True, help="Say which version this is.")
    ] = False,
) -> None:
    """What holds for all commands."""


@app.command(epilog="Example: `HEARTH_MQTT__HOST=192.168.1.10 hearth run`")
def run(config: Config = None) -> None:
    """Run the assistant in the foreground, as systemd does. Ends with Ctrl-C or SIGTERM."""
    from edge.cli.run import run_assistant

    sys.exit(run_assistant(settings_of(config)))


@app.command(epilog="Example: `hearth play --json kitchen.wav`")
def play(
    files: Annotated[list[Path], typer.Argument(help="Recordings: WAV, FLAC, OGG of any rate.", show_default=False)],
    realtime: Annotated[
        bool, typer.Option("--realtime", help="At the speed of speech, as a microphone would.")
    ] = False,
    no_wake: Annotated[
        bool, typer.Option("--no-wake", help="Take each file as one command without a wake word.")
    ] = False,
    out: Annotated[Path | None, typer.Option(help="Folder for the spoken answers.", show_default=False)] = None,
    as_json: Json = False,
    config: Config = None,
) -> None:
    """Play recordings through the whole loop in place of the microphone. Exit 0 when every file gave a turn."""
    from edge.cli.play import play_files

    sys.exit(play_files(settings_of(config), files, realtime=realtime, no_wake=no_wake, out=out, json_lines=as_json))


@app.command(epilog="Example: `hearth ask turn on the kitchen light`")
def ask(
    text: Annotated[list[str], typer.Argument(help="What you would say.", show_default=False)],
    area: Annotated[str | None, typer.Option(help="The room you ask from.", show_default=False)] = None,
    session: Annotated[str | None, typer.Option(help="Conversation to go on with.", show_default=False)] = None,
    as_json: Json = False,
    config: Config = None,
) -> None:
    """Ask in writing: the running assistant if there is one, else a short-lived one.

    With `--session NAME` a running assistant remembers what was said before: “turn on the kitchen light”, then “make it
    blue”. A short-lived one forgets it when it has answered.
    """
    from edge.api.local_client import request

    sentence = " ".join(text)
    try:
        events = list(request(data_dir_of(config), do="ask", text=sentence, area=area, session=session))
    except AssistantUnreachable:
        from edge.cli.short_lived import ask_once

        events = ask_once(settings_of(config), sentence, area, session)
    if as_json:
        for event in events:
            print_json(event)
    else:
        print(events[-1]["reply"]["text"])


@app.command(epilog="Example: `hearth devices`")
def devices(as_json: Json = False, config: Config = None) -> None:
    """List the devices found on the broker, with room, abilities and state."""
    from edge.api.local_client import request
    from edge.cli.tables import print_devices

    try:
        rows = list(request(data_dir_of(config), do="devices"))
    except AssistantUnreachable:
        from edge.cli.short_lived import devices_once

        rows = devices_once(settings_of(config))
    print_rows(rows, print_devices, as_json=as_json)


@app.command(epilog="Example: `hearth say dinner is ready`")
def say(
    text: Annotated[list[str], typer.Argument(help="What to say.", show_default=False)],
    config: Config = None,
) -> None:
    """Speak, on the running assistant's loudspeaker if there is one, else on this machine's."""
    from edge.api.local_client import request

    try:
        list(request(data_dir_of(config), do="say", text=" ".join(text)))
    except AssistantUnreachable:
        from edge.cli.short_lived import say_once

        say_once(settings_of(config), " ".join(text))


@app.command(epilog="Example: `hearth listen off`")
def listen(
    switch: Annotated[Listen, typer.Argument(help="Nothing hears while it is off, over a restart too.")] = "status",
    as_json: Json = False,
    config: Config = None,
) -> None:
    """Switch the running assistant's microphone on or off, or say which it is."""
    from edge.api.local_client import request

    wanted = None if switch == "status" else switch == "on"
    (answer,) = request(data_dir_of(config), do="listen", on=wanted)
    if as_json:
        print_json(answer)
    else:
        print(f"the microphone is {'on' if answer['on'] else 'off'}")


@app.command(epilog="Example: `hearth mcp`, as the command of a server in another program's configuration")
def mcp(config: Config = None) -> None:
    """Offer devices and skills as tools by the Model Context Protocol, over standard input and output."""
    from edge.cli.mcp import serve_tools

    serve_tools(data_dir_of(config))


@app.command(epilog="Example: `hearth check`")
def check(as_json: Json = False, config: Config = None) -> None:
    """Say what works and what does not. Exit 1 if the assistant could not do its job."""
    from edge.checks import checks
    from edge.cli.tables import print_checks

    rows = checks(settings_of(config))
    print_rows(rows, print_checks, as_json=as_json)
    sys.exit(any(row["needed"] and not row["ok"] for row in rows))


@app.command(epilog="Example: `hearth settings --all`")
def settings(
    everything: Annotated[bool, typer.Option("--all", help="Also those that have their defaults.")] = False,
    as_json: Json = False,
    config: Config = None,
) -> None:
    """Say what is set, and where each value comes from. Secrets are not shown."""
    from edge.cli.settings import rows_of
    from edge.cli.tables import print_settings

    rows = rows_of(settings_of(config), everything=everything)
    print_rows(rows, print_settings, as_json=as_json)


@app.command(epilog="Example: `hearth kpis --weeks 4`")
def kpis(
    weeks: Annotated[int, typer.Option(min=1, max=104, help="The last so many weeks.")] = 8,
    as_json: Json = False,
    config: Config = None,
) -> None:
    """Say how well it has served, week by week: tasks done, corrections, time to an answer. Counted here alone."""
    from edge.cli.kpis import rows_of
    from edge.cli.tables import print_weeks

    rows = rows_of(data_dir_of(config), weeks)
    print_rows(rows, print_weeks, as_json=as_json)


@app.command(epilog="Example: `hearth maintain`")
def maintain(config: Config = None) -> None:
    """Check the database and clear away what is outdated, as a timer does every night; the assistant may run."""
    from edge.cli.maintain import maintain as look_after

    for name in look_after(settings_of(config)):
        typer.echo(f"removed {name}")


@app.command(epilog="Example: `hearth demo`, or `hearth demo --console`")
def demo(
    out: Annotated[Path, typer.Option(help="Where the spoken answer is written.")] = Path("out"),
    fast: Annotated[bool, typer.Option("--fast", help="As fast as it goes, not at the speed of speech.")] = False,
    console: Annotated[
        bool, typer.Option("--console", help="Instead: serve the page, to try it in a browser.")
    ] = False,
) -> None:
    """Hear a recorded command in a small demo house of its own, and show where the milliseconds went."""
    from edge.cli.demo import serve, show

    if console:
        sys.exit(serve())
    sys.exit(show(out, realtime=not fast))


@app.command(epilog="Example: `hearth bench --peers --report bench.html`")
def bench(
    peers: Annotated[bool, typer.Option("--peers", help="Measure other people's systems in the same run.")] = False,
    data: Annotated[Path | None, typer.Option(help="Labelled recordings to play.", show_default=False)] = None,
    report: Annotated[Path | None, typer.Option(help="Write a page with plots.", show_default=False)] = None,
    limit: Annotated[int | None, typer.Option(min=1, help="At most so many commands.", show_default=False)] = None,
    tune: Annotated[
        bool, typer.Option("--tune", help="Instead: choose the engine for speech to text that suits this board.")
    ] = False,
    peers_venv: Annotated[
        Path | None,
        typer.Option(help="Folder for the peers' virtual environments, made if not there.", show_default=False),
    ] = None,
    as_json: Json = False,
    config: Config = None,
) -> None:
    """Measure latency by stage, processor, memory and cold start, end to end, alone or beside peers."""
    from edge.cli.bench import Asked, measure, tune_stt

    settings = settings_of(config)
    if tune:
        sys.exit(tune_stt(settings, as_json=as_json))
    asked = Asked(
        config=config, data=data, peers=peers, peers_venv=peers_venv, report=report, limit=limit, as_json=as_json
    )
    sys.exit(measure(settings, asked))


@app.command("eval", epilog="Example: `hearth eval commands --data recordings --snr 10`")
def evaluate(
    task: Annotated[str, typer.Argument(help="wake, barista, commands, endpoint or text.", show_default=False)],
    data: Annotated[Path, typer.Option(help="Folder with audio.jsonl and its recordings.", show_default=False)],
    lang: Annotated[str, typer.Option(help="Language of the commands.")] = "en",
    word: Annotated[str, typer.Option(help="Wake word to score, or a model's path.")] = "alexa",
    snr: Annotated[
        float | None, typer.Option(help="Lay noise under it, so many dB below the speech.", show_default=False)
    ] = None,
    noise: Annotated[
        Path | None, typer.Option(help="The noise; without it, the folder's kitchen.", show_default=False)
    ] = None,
    seed: Annotated[int, typer.Option(help="Which stretch of the noise a clip gets.")] = 1,
    engine: Annotated[str | None, typer.Option(help="Speech recogniser, or wake engine.", show_default=False)] = None,
    model: Annotated[str | None, typer.Option(help="The recogniser's model.", show_default=False)] = None,
    limit: Annotated[int | None, typer.Option(min=1, help="Only so many clips.", show_default=False)] = None,
    verbose: Annotated[
        bool, typer.Option("--verbose", "--failures", "-v", help="Name the clips or sentences that were wrong.")
    ] = False,
    only: Annotated[
        list[str] | None, typer.Option(help="Of the files of sentences, only this one.", show_default=False)
    ] = None,
    tiers: Annotated[str, typer.Option(help="Who may understand sentences.")] = "grammar,semantic,llm",
    report: Annotated[
        Path | None, typer.Option(help="Write a page about the sentences; .svg: its first plot.", show_default=False)
    ] = None,
    as_json: Json = False,
    config: Config = None,
) -> None:
    """Score how well it hears on labelled recordings, or understands on labelled sentences."""
    from edge.cli.evaluate import Asked, Task, evaluate, scores_of, with_options

    if task not in list(Task):
        raise typer.BadParameter(f"choose one of: {', '.join(Task)}", param_hint="TASK")
    chosen = Task(task)
    if chosen is Task.TEXT:
        from edge.cli.evaluate_text import AskedOfText, evaluate_sentences

        asked = AskedOfText(data, tuple(only or ()), tiers, limit, report, verbose=verbose, as_json=as_json)
        evaluate_sentences(settings_of(config), asked, lang)
        return
    settings = with_options(settings_of(config), chosen, lang=lang, word=word, engine=engine, model=model)
    scores = evaluate(settings, chosen, Asked(data, snr, noise, seed, limit, word, verbose))
    if as_json:
        print_json({task: scores})
    else:
        scores_of(chosen, scores)


app.command(epilog="Example: `hearth backup /media/stick/hearthside.backup`")(backup)
app.command(epilog="Example: `hearth restore /media/stick/hearthside.backup`")(restore)
app.add_typer(console.app, name="console")
app.add_typer(models.app, name="models")
app.add_typer(privacy.app, name="privacy")
app.add_typer(sync.app, name="sync")
app.add_typer(update.app, name="update")
app.add_typer(wake.app, name="wake")
