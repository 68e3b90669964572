"""Buys one basket in a demonstration, then sends what Schemathesis makes up from its description: as the skier and as an admin.

First argument: the server's binary. Second: how many requests a call at least (20 for a short run). Third: the seed.
Fails when an answer is not one that the description names, on any failure of the server, and when it logged a panic.
"""

import json
import os
import pathlib
import subprocess
import sys
import tempfile
import urllib.request

HERE = pathlib.Path(__file__).parent


def call(address, token=None, body=None):
    headers = {"Content-Type": "application/json"} | ({"Authorization": f"Bearer {token}"} if token else {})
    data = json.dumps(body).encode() if body is not None else None
    with urllib.request.urlopen(urllib.request.Request(address, data, headers), timeout=30) as answer:
        return json.load(answer)


def run(api, log_in, order, invoice, examples, seed):
    environment = os.environ | {
        "STARJACK_EMAIL": log_in["email"],
        "STARJACK_PASSWORD": log_in["password"],
        "STARJACK_ORDER": order,
        "STARJACK_INVOICE": invoice,
        "SCHEMATHESIS_HOOKS": "hooks",
        "PYTHONPATH": str(HERE),
        "PYTHONDONTWRITEBYTECODE": "1",
    }
    program = pathlib.Path(sys.executable).with_name("schemathesis")
    command = [program, "--config-file", HERE / "schemathesis.toml", "run", HERE.parents[1] / "openapi.json"]
    command += ["--url", api, "--max-examples", examples, "--seed", seed, "--no-color", "--generation-database", "none"]
    return subprocess.run(list(map(str, command)), env=environment, check=False).returncode


def main(binary, examples, seed):
    with tempfile.TemporaryDirectory() as folder:
        folder = pathlib.Path(folder)
        os.chdir(folder)
        log = folder / "server.log"
        demo = [binary, "demo", "--listen", "127.0.0.1:0", "--operations", "127.0.0.1:0", "--data", str(folder / "data"), "--buy"]
        with log.open("w") as errors, subprocess.Popen(demo, stdout=subprocess.PIPE, stderr=errors, text=True) as server:
            try:
                first = json.loads(server.stdout.readline())
                for line in server.stdout:
                    if line.startswith("FAILED"):
                        sys.exit(line)
                    if line.startswith("ready"):
                        break
                api, log_ins = first["api"], first["logins"]
                token = call(f"{api}/api/v1/sessions", body=log_ins["skier"])["access_token"]
                order = call(f"{api}/api/v1/orders", token)["items"][0]
                order = call(f"{api}/api/v1/orders/{order['id']}", token)
                invoice = order["invoices"][0]["number"]
                failed = []
                for who in ("skier", "admin"):
                    print(f"\n--- as {who}, seed {seed}", flush=True)
                    if run(api, log_ins[who], order["id"], invoice, examples, seed) != 0:
                        failed.append(who)
                call(f"{api}/livez")
            finally:
                server.terminate()
                code = server.wait(60)
        said = log.read_text() + (folder / "data" / "starjack.log").read_text()
        panics = [line for line in said.splitlines() if "panicked" in line]
        if failed or panics or code != 0:
            sys.exit(f"failed as {failed}, the server ended with {code}, panics: {panics}")


if __name__ == "__main__":
    main(sys.argv[1], sys.argv[2], sys.argv[3])
