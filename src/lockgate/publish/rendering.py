"""Whether an index could show the description, as `twine check` would see it."""

from __future__ import annotations

import sys
from email.message import EmailMessage
from pathlib import Path

from lockgate.ports import process, surroundings
from lockgate.ports.installer import Errand, Installer, NoEnvironmentError, explain, last_line

_LIST = Path(__file__).with_name("renderer.txt")
_RENDER = (
    "import io,sys,readme_renderer.rst as r;s=io.StringIO();"
    "done=r.render(open(sys.argv[1],encoding='utf-8').read(),stream=s);print(s.getvalue());sys.exit(done is None)"
)


def unshown(fields: dict[str, str], folder: Path, errand: Errand) -> tuple[str | None, str | None]:
    """Why the description would not be shown, and what else to note of it; `fields` are those of `metadata_of`.

    Markdown and plain text are always shown; reStructuredText is rendered, in a hash-locked environment in `folder`.

    Raises:
        NoEnvironmentError: The renderer cannot be had.
    """
    description = fields[""].partition("\n\n")[2] or fields.get("description", "")
    if description.strip() in {"", "UNKNOWN"}:
        return None, "it has no description"
    message = EmailMessage()
    message["content-type"] = fields.get("description-content-type", "text/x-rst")
    if message.get_content_type() != "text/x-rst":
        return None, None
    note = None if "description-content-type" in fields else "its description has no content type: taken for text/x-rst"
    errand.say("installing the renderer of descriptions")
    uv, environment = Installer(folder, offline=False), folder / "renderer"
    flags = ("--require-hashes", "--only-binary", ":all:", "--python", str(environment), "-r", str(_LIST))
    for arguments in (("venv", "--python", sys.executable, str(environment)), ("pip", "install", *flags)):
        done = uv.run(arguments, errand)
        if done.code != 0:
            raise NoEnvironmentError(
                "unknown", f"the description was not rendered: {explain(done, list(arguments)).reason}"
            )
    text = folder / "description.rst"
    text.write_text(description, encoding="utf-8")
    done = process.run(
        process.Command(
            argv=(str(environment / "bin" / "python"), "-I", "-c", _RENDER, str(text)),
            cwd=folder,
            environment=surroundings.for_checks(()),
            timeout=60.0,
        ),
        errand.cancel,
    )
    if done.code == 0:
        return None, note
    said = next((line for line in done.output.splitlines() if "<string>" in line), last_line(done.output))
    return (
        f"an index cannot show its description: {said.replace('<string>', 'line ', 1).replace('line :', 'line ')}",
        note,
    )
