"""The embedded GitHub: REST API and git over HTTP on the loopback, honest about what GitHub does and refuses.

    with GitHub(folder) as github:                     # the folder keeps everything; a second start goes on
        github.add_user("octo")                        # kind="Organization": owners={"octo"}
        github.add_repository("octo/sample")           # private=True, plan="free" | "pro" | "team" | "enterprise"
        token = github.add_token("octo")               # a classic PAT; see `GitHub.add_token` for the other kinds
        GITHUB_API_URL, GITHUB_REPOSITORY, GH_TOKEN = github.api, "octo/sample", token
        git push https://x-access-token:TOKEN@…        # github.remote("octo/sample", token)

State is plain JSON data (`state.new_repository` shows all of a repository's), to be read or changed as a whole, which
is what somebody does who clicks in the settings:

    github.repository("octo/sample")["protection"]["main"]
    with github.changing() as data: data["repositories"]["octo/sample"]["security"]["vulnerability-alerts"] = True

Faults are planned per request, by method and path below the API's address; rate limits of GitHub are one kind of them:

    github.faults.append(Fault(method="PUT", path=".*/protection", nth=2, cut="after"))
    github.faults.append(Fault(status=403, message="You have exceeded a secondary rate limit.",
                               headers={"Retry-After": "1"}))
    github.limit = 60                                  # requests per token and hour: the primary rate limit

`github.requests` lists what was asked: (method, path below the API's address, status).
"""

from lockgate.loopback.github.service import Fault, GitHub

__all__ = ["Fault", "GitHub"]
