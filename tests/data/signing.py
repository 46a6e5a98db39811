# SPDX-License-Identifier: MIT
"""Writes signing.txt: requests and their AWS signatures of version 4, for tests/store/test_sign.c. Needs a clone of the
Git repository aws-c-auth of the GitHub organization awslabs:

    python tests/data/signing.py aws-c-auth > tests/data/signing.txt

The first 38 come from that repository (tests/aws-signing-test-suite/v4, Apache License 2.0: inputs, and signatures in
headers), the last five from the documentation of the S3 API. A line is, with tabs between: name, method, path as it is
sent, hash of the body, region, service, secret key, time, signature, and then each parameter of the query as ?NAME=VALUE,
decoded, and each header as :NAME=VALUE.

The paths are the canonical ones of the repository: S3 signs paths as they are, and normalizes none.
"""
import hashlib
import json
import pathlib
import re
import sys
import urllib.parse


def parameters(query):
    """The parameters of a query, decoded; a plus sign is itself."""
    split = (item.partition("=") for item in query.split("&") if item)
    return [(urllib.parse.unquote(name), urllib.parse.unquote(value)) for name, _, value in split]


def line(name, method, path, query, headers, body_hash, region, service, secret, time, signature):
    pairs = [f"?{name}={value}" for name, value in query] + [f":{name}={value}" for name, value in headers]
    if any("\t" in pair or "\n" in pair or "=" in name for pair in pairs for name, _ in query):
        raise ValueError(f"{name} cannot be written as a line")
    print(name, method, path, body_hash, region, service, secret, time, signature, *pairs, sep="\t")


def read(path):
    return path.read_text(encoding="utf-8").replace("\r\n", "\n")


def repository(folder):
    for case in sorted((pathlib.Path(folder) / "tests/aws-signing-test-suite/v4").iterdir()):
        context = json.loads(read(case / "context.json"))
        head, _, body = read(case / "request.txt").partition("\n\n")
        first, *rest = head.rstrip("\n").split("\n")
        method, target = re.match(r"(\S+) (.*) HTTP/1.1", first).groups()
        headers = []
        for text in rest:
            if text[:1] in (" ", "\t"):
                headers[-1] = (headers[-1][0], headers[-1][1] + " " + text.strip())
            else:
                name, _, value = text.partition(":")
                headers.append((name.lower(), value))
        time = re.sub("[-:]", "", context["timestamp"])
        body_hash = hashlib.sha256(body.encode()).hexdigest()
        named = {name for name, _ in headers}
        if "x-amz-date" not in named:
            headers.append(("x-amz-date", time))
        token = context["credentials"].get("token")
        if token and not context.get("omit_session_token"):
            headers.append(("x-amz-security-token", token))
        if context["sign_body"]:
            headers.append(("x-amz-content-sha256", body_hash))
        path = read(case / "header-canonical-request.txt").split("\n")[1]
        query = parameters(target.partition("?")[2])
        line(case.name, method, path, query, headers, body_hash, context["region"], context["service"],
             context["credentials"]["secret_access_key"], time, read(case / "header-signature.txt").strip())


def documentation():
    time, empty = "20130524T000000Z", hashlib.sha256(b"").hexdigest()
    welcome = hashlib.sha256(b"Welcome to Amazon S3.").hexdigest()
    host = [("host", "examplebucket.s3.amazonaws.com")]
    dated = host + [("x-amz-date", time)]
    plain = dated + [("x-amz-content-sha256", empty)]
    put = dated + [("date", "Fri, 24 May 2013 00:00:00 GMT"), ("x-amz-content-sha256", welcome), ("x-amz-storage-class", "REDUCED_REDUNDANCY")]
    signed = [("X-Amz-Algorithm", "AWS4-HMAC-SHA256"), ("X-Amz-Credential", "AKIAIOSFODNN7EXAMPLE/20130524/us-east-1/s3/aws4_request"),
              ("X-Amz-Date", time), ("X-Amz-Expires", "86400"), ("X-Amz-SignedHeaders", "host")]
    for case in (
        ("s3-get-range", "GET", "/test.txt", [], plain + [("range", "bytes=0-9")], empty, "f0e8bdb87c964420e857bd35b5d6ed310bd44f0170aba48dd91039c6036bdb41"),
        ("s3-put", "PUT", "/test%24file.text", [], put, welcome, "98ad721746da40c64f1a55b78f14c238d841ea1380cd77a1b5971af0ece108bd"),
        ("s3-get-lifecycle", "GET", "/", [("lifecycle", "")], plain, empty, "fea454ca298b7da1c68078a5d1bdbfbbe0d65c699e0f91ac7a200a0136783543"),
        ("s3-list", "GET", "/", [("max-keys", "2"), ("prefix", "J")], plain, empty, "34b48302e7b5fa45bde8084f4b7868a86f0a534bc59db6670ed5711ef69dc6f7"),
        ("s3-presigned", "GET", "/test.txt", signed, host, "UNSIGNED-PAYLOAD", "aeeed9bbccd4d02ee5c0109b86d86835f995330da4c265957d157751f604d404"),
    ):
        line(*case[:6], "us-east-1", "s3", "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY", time, case[6])


repository(sys.argv[1])
documentation()
