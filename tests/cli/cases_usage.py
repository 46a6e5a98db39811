# SPDX-License-Identifier: MIT
"""The command line itself: help, verbs, options, completions, errors."""
import json
import shutil
import subprocess

import support

VERBS = ["info", "ls", "tree", "get", "put", "create", "copy", "migrate", "encode", "decode", "shard", "verify",
         "digest", "consolidate",
         "completion", "help"]
LATER = ["repair", "diff", "stat", "tune", "bench", "view"]


class Usage(support.Case):

    def test_no_verb(self):
        self.refused(code=2, says=["verb", "try: zarrc help"])

    def test_unknown_verb_gets_a_hint(self):
        self.refused("inof", "x", code=2, says=["'inof'", "try: zarrc info"])
        self.refused("crate", "x", code=2, says="try: zarrc create")

    def test_verbs_that_do_not_exist(self):
        for verb in LATER:
            with self.subTest(verb):
                self.refused(verb, "x", code=2, says=f"there is no verb '{verb}'")

    def test_help(self):
        for arguments in (["help"], ["--help"], ["-h"]):
            text = self.text(*arguments)
            for verb in VERBS:
                self.assertIn(verb, text)
            self.assertIn("--array_path", text)

    def test_help_of_each_verb(self):
        for verb in VERBS:
            with self.subTest(verb):
                text = self.text("help", verb)
                self.assertTrue(text.startswith(f"zarrc {verb}"), text)
                self.assertIn("--json", text)
                self.assertEqual(text, self.text(verb, "--help"))
                self.assertEqual(text, self.text(verb, "-h"))
                document = self.json("help", verb)
                self.assertEqual([v["name"] for v in document["verbs"]], [verb])
        self.refused("help", "nix", code=2, says="'nix'")

    def test_help_fits_the_width(self):
        for columns in (60, 80, 100):
            text = self.text("help", "copy", env={"COLUMNS": str(columns)})
            prose = [line for line in text.split("examples")[0].splitlines() if "  --" not in line]
            self.assertLessEqual(max(map(len, prose)), columns)

    def test_help_as_json_tells_all(self):
        document = self.json("help")
        self.assertEqual([verb["name"] for verb in document["verbs"]], VERBS)
        for verb in document["verbs"]:
            names = [option["name"] for option in verb["options"]]
            letters = [option["letter"] for option in verb["options"] if option["letter"]]
            self.assertEqual(len(set(names)), len(names), verb["name"])
            self.assertEqual(len(set(letters)), len(letters), verb["name"])
            self.assertIn("json", names)
            text = self.text("help", verb["name"])
            for name in names:
                self.assertIn(f"--{name}", text)

    def test_version(self):
        version = self.text("--version")
        lines = [line.split(" ", 1) for line in version.splitlines()]
        self.assertRegex(version, r"\Azarrc \d+\.\d+\.\d+\n")
        document = self.json("--version")
        self.assertEqual(document["version"], lines[0][1])
        self.assertEqual({name: text or "(not built in)" for name, text in document["libraries"].items()}, dict(lines[1:]))
        self.assertIn("libzstd", document["libraries"])

    def test_manual_page(self):
        text = self.text("help", "--man")
        self.assertIn(".TH ZARRC 1", text)
        self.assertEqual(text, (support.ROOT / "docs" / "zarrc.1").read_text(),
                         "make it anew: zarrc help --man > docs/zarrc.1")
        man = shutil.which("man")
        if man:
            done = subprocess.run([man, "--warnings", "-l", "-"], input=text.encode(), capture_output=True, check=False)
            self.assertEqual(done.stderr, b"")

    def test_completions(self):
        for shell in ("bash", "zsh", "fish"):
            text = self.text("completion", shell)
            for word in ("--dimension-names" if shell != "fish" else "-l dimension-names", "create"):
                self.assertIn(word, text)
            document = self.json("completion", shell)
            self.assertEqual((document["shell"], document["script"]), (shell, text))
            if shutil.which(shell):
                done = subprocess.run([shell, "-n"], input=text.encode(), capture_output=True, check=False)
                self.assertEqual((done.returncode, done.stderr), (0, b""), shell)
        self.refused("completion", "csh", code=2, says=["csh", "bash"])

    def test_bash_completes(self):
        bash = shutil.which("bash")
        if not bash:
            self.skipTest("no bash")
        (self.folder / "c.sh").write_text(self.text("completion", "bash"))

        def complete(*words):
            script = f"source c.sh; COMP_WORDS=({' '.join(words)} ''); COMP_CWORD={len(words)}; " \
                     "[ \"${COMP_WORDS[-2]}\" = -- ] && { COMP_WORDS=(${COMP_WORDS[@]:0:${#COMP_WORDS[@]}-1}); COMP_CWORD=$((COMP_CWORD-1)); }; " \
                     "_zarrc; printf '%s\\n' \"${COMPREPLY[@]}\""
            done = subprocess.run([bash, "-c", script], capture_output=True, cwd=self.folder, check=True)
            return done.stdout.decode().split()

        self.assertIn("tree", complete("zarrc"))
        self.assertEqual(complete("zarrc", "completion"), ["bash", "zsh", "fish"])
        self.assertEqual(complete("zarrc", "get", "--format"), ["npy", "raw", "csv", "json", "lines"])
        self.assertIn("--resume", complete("zarrc", "copy", "--"))
        self.assertNotIn("--resume", complete("zarrc", "get", "--"))


class Options(support.Case):

    def test_unknown_options(self):
        self.refused("info", "x", "--stord", code=2, says=["--stord", "try: --stored"])
        self.refused("info", "-x", "x", code=2, says="-x")
        self.refused("get", "x", "--resume", code=2, says="get has no option --resume")
        self.refused("--verbos", code=2, says="--verbos")

    def test_operands(self):
        self.refused("info", code=2, says="info wants URL")
        self.refused("copy", "a", code=2, says="SRC DST")
        self.refused("info", "a", "b", code=2, says="'b'")
        self.refused("completion", code=2, says="SHELL")

    def test_arguments_of_options(self):
        self.refused("get", "x", "-s", code=2, says="-s")
        self.refused("get", "x", "--select", code=2, says="--select")
        self.refused("info", "x", "--stored=yes", code=2, says="--stored")
        self.refused("get", "x", "--format", "jpeg", code=2, says=["jpeg", "npy"])
        self.refused("get", "x", "-T", "many", code=2, says="many")
        self.refused("get", "x", "--memory", "lots", code=2, says="lots")
        self.refused("get", "x", "--memory", "1", code=2, says="1M")
        self.refused("ls", "x", "-d", "-1", code=2, says="-1")
        self.refused("copy", "a", "b", "--progress", "maybe", code=2, says="maybe")

    def test_spellings(self):
        self.array("a", values=support.int32s(20))
        want = self.raw("a", "-s", "1")
        for arguments in (["-s1"], ["-s", "1"], ["--select=1"], ["--select", "1"], ["-s", "1", "-T1"],
                          ["-qfT", "2", "-s1"], ["-s", "1", "--threads=1",
                                                 "--memory=64M"], ["-s", "1", "--memory", "1.5GiB"]):
            self.assertEqual(self.raw("a", *arguments), want, arguments)
        self.assertEqual(self.raw("a", "-s", "-1"), self.raw("a", "-s", "3"))

    def test_double_dash_ends_options(self):
        self.zarrc("create", "--shape=4", "--dtype=int32", "--", "--a")
        self.refused("info", "--a", code=2)
        self.assertIn("int32", self.text("info", "--", "--a"))

    def test_json_before_the_verb(self):
        self.array("a")
        self.assertEqual(json.loads(self.text("--json", "info", "a"))["node_type"], "array")


class Errors(support.Case):

    def error(self, *arguments, code, **options):
        self.assertEqual(self.zarrc(*arguments, "--json", code=code, **options), b"")
        self.assertEqual(self.said.count("\n"), 1)
        error = json.loads(self.said)["error"]
        self.assertLessEqual({"code", "message", "key", "chunk", "inner_chunk", "offset", "hint"}, set(error))
        return error

    @support.needs_library("libzstd")
    def test_as_json(self):
        self.assertEqual(self.error("info", "nix", code=3)["code"], "NOT_FOUND")
        self.assertEqual(self.error("nix", code=2)["code"], "INVALID_ARGUMENT")
        self.assertEqual(self.error("info", "x", "--stord", code=2)["hint"], "--stored")
        self.array("a", values=support.int32s(20))
        (self.folder / "a/c/1/1").write_bytes(b"short")
        error = self.error("get", "a", code=6)
        self.assertEqual(error["key"], "c/1/1")
        self.assertTrue(error["message"].startswith("a/c/1/1: chunk 1,1: codec zstd: "), error["message"])
        self.assertEqual((error["chunk"], error["inner_chunk"], error["codec"]), ("1,1", None, "zstd"))

    def test_not_found(self):
        (self.folder / "empty").mkdir()
        for verb in ("info", "ls", "tree", "get"):
            self.refused(verb, "nix", code=3, says="nix")
            self.refused(verb, "empty", code=3, says="empty")
        self.refused("put", "nix", "-i", "-", code=3, says=["nix", "try: zarrc create"])
        self.assertFalse((self.folder / "nix").exists())
        self.refused("copy", "nix", "b", code=3, says="nix")
        self.assertFalse((self.folder / "b").exists())
        self.refused("--array_path=nix", code=3, says="nix")

    def test_a_group_is_no_array(self):
        self.zarrc("create", "g", "--group")
        self.refused("get", "g", code=2, says=["group", "try: zarrc ls g"])
        self.refused("put", "g", "-i", "-", code=2, says="group")

    def test_bad_metadata(self):
        self.array("a")
        path = self.folder / "a/zarr.json"
        good = json.loads(path.read_text())
        for change, code in (({"shape": [-1, 5]}, 4), ({"zarr_format":
                                                        4}, None), ({"codecs": [{"name":
                                                                                 "nix"}]}, 5), ({"fill_value": "x"}, 4),
                             ({"data_type":
                               "int7"}, 5), ({"chunk_grid":
                                              {"name": "hexagonal", "configuration":
                                               {}}}, 5), ({"codecs": [{"name": "gzip", "configuration": {"level":
                                                                                                         1}}]}, 4)):
            path.write_text(json.dumps({**good, **change}))
            unknown = change in ({"codecs": [{"name": "nix"}]}, {"data_type": "int7"})  # what info shows all the same
            for verb in ("get", ) if unknown else ("info", "get"):
                done = self.run_command(verb, "a")
                self.assertIn(done.returncode, (4, 5) if code is None else (code, ), change)
                self.assertRegex(done.stderr.decode(), r"\Azarrc: a/zarr\.json: [^\n]+\n\Z")
        for text in ("", "{", "[]", "nul", "\0", '{"a": 1, "a": 2}', "{" * 300,
                     '{"zarr_format": 3, "node_type": "array"}'):
            path.write_text(text)
            self.refused("info", "a", code=4, says="zarr.json")

    def test_control_characters_are_not_printed(self):
        said = self.refused("info", "a\033[31mb\nc", code=3)
        self.assertNotIn("\033", said)

    def test_no_colour_without_terminal(self):
        self.array("a")
        for env in ({}, {"TERM": "xterm-256color"}, {"TERM": "dumb"}):
            self.assertNotIn("\033", self.text("info", "a", env=env))
            self.assertNotIn("\033", self.text("tree", "a", "-l", env=env))
