"""Takes a mail report apart with Python's own parser and holds it to the files beside it.

    parse.py MAIL FOLDER

FOLDER has report.json, hosts.csv, findings.csv and report.html as mxaudit wrote them in the same run.
Prints what it found as JSON, and fails where the mail is not as it should be.
"""

import csv
import email
import email.policy
import io
import json
import pathlib
import re
import sys


def main() -> None:
    mail, folder = (pathlib.Path(name) for name in sys.argv[1:])
    message = email.message_from_bytes(mail.read_bytes(), policy=email.policy.SMTP)
    written = lambda name: (folder / name).read_bytes()

    defects = [defect for part in message.walk() for defect in part.defects]
    assert not defects, defects
    for name in ("Date", "From", "To", "Subject", "Message-ID", "MIME-Version"):
        assert len(message.get_all(name, [])) == 1, f"{name}: {message.get_all(name)}"
    assert message["Auto-Submitted"] == "auto-generated"
    assert message["Date"].datetime.utcoffset().total_seconds() == 0
    assert re.fullmatch(r"<[0-9a-f]{32}@[a-z.]+>", message["Message-ID"].strip()), message["Message-ID"]

    assert message.get_content_type() == "multipart/mixed"
    shown, *attached = message.iter_parts()
    assert shown.get_content_type() == "multipart/alternative"
    text, page = shown.iter_parts()
    assert text.get_content_type() == "text/plain" and page.get_content_type() == "text/html"
    text, page = text.get_content(), page.get_content()
    assert "\x1b" not in text
    # The page of the mail has no script; the hosts in it are those of the file.
    hosts = [text.replace("\r\n", "\n").partition('<div id="details">')[2].partition("</section>")[0]
             for text in (page, written("report.html").decode())]
    assert "<script" not in page and len(hosts[0]) > 1000 and hosts[0] == hosts[1], "the page is another"

    names = [part.get_filename() for part in attached]
    assert names == ["report.json", "hosts.csv", "findings.csv"], names
    types = [part.get_content_type() for part in attached]
    assert types == ["application/json", "text/csv", "text/csv"], types
    assert all(part.get_content_disposition() == "attachment" for part in attached)
    for part in attached:
        name, content = part.get_filename(), part.get_payload(decode=True)
        assert content == written(name), f"{name} is not what was written"
    report = json.loads(attached[0].get_payload(decode=True))
    tables = [
        list(csv.DictReader(io.StringIO(part.get_payload(decode=True).decode(), newline="")))
        for part in attached[1:]
    ]
    assert len(tables[0]) == len(report["hosts"])
    assert len(tables[1]) == sum(len(host["findings"]) for host in report["hosts"])
    assert [row["Verdict"] for row in tables[0]] == [h["relay"]["verdict"] for h in report["hosts"]]

    found = {
        "subject": message["Subject"],
        "from": message["From"].addresses[0].addr_spec,
        "to": [address.addr_spec for address in message["To"].addresses],
        "delivered_to": message["Delivered-To"],
        "verdicts": [host["relay"]["verdict"] for host in report["hosts"]],
        "text": text,
    }
    json.dump(found, sys.stdout)


main()
