# ruff: noqa: E501  (examples are read best on one line)
"""Every rule on code: at least three texts that break it and three that look alike and do not."""

from __future__ import annotations

import ast
import textwrap

import pytest

from lockgate.scan.rules.code import RULES
from lockgate.scan.source import Module, imports_of

FLASK = (
    "from flask import request, render_template_string, send_file\nimport os, requests, httpx, urllib.request, jinja2\n"
)
HMAC = "import hmac, hashlib\n"
LOG = "import logging\nlogger = logging.getLogger(__name__)\n"

BAD = {
    "archive-path": [
        """\
        import zipfile, os
        with zipfile.ZipFile(path) as archive:
            for name in archive.namelist():
                with open(os.path.join(folder, name), "wb") as file:
                    file.write(archive.read(name))
        """,
        """\
        for info in archive.infolist():
            target = folder / info.filename
            target.write_bytes(archive.read(info))
        """,
        "import shutil\nshutil.unpack_archive('release.tar.gz', folder)",
        "import shutil\nshutil.unpack_archive(path, folder, 'gztar')",
        "archive.extractall(folder, filter='fully_trusted')",
    ],
    "hidden-eval": [
        "import builtins\ngetattr(builtins, 'ev' + 'al')(text)",
        "getattr(__builtins__, 'exec')(text)",
        "globals()['__builtins__']['eval'](text)",
        "import base64\nexec(base64.b64decode('cHJpbnQoMSk='))",
        "getattr(__import__('os'), 'system')(command)",
        "__builtins__.__dict__['lave'[::-1]](text)",
        "import os\ngetattr(os, ''.join(['sys', 'tem']))(command)",
    ],
    "jwt-unverified": [
        "import jwt\njwt.decode(token, options={'verify_signature': False})",
        "import jwt\njwt.decode(token, key, algorithms=['none'])",
        "import jwt\njwt.decode(token, verify=False)",
        "from jose import jwt\njwt.decode(token, key, options={'verify_aud': True, 'verify_signature': False})",
        "from jwt import decode\ndecode(token, key, algorithms=['HS256', 'None'])",
    ],
    "logged-secret": [
        LOG + "logger.info('user %s, password %s', user, password)",
        LOG + "logger.debug(f'token is {api_token}')",
        "import logging\nlogging.warning('key: ' + config.api_key)",
        LOG + "logger.error('{} {}'.format(user, settings['password']))",
        "import logging\nlogging.getLogger('a').info('%s' % (self.client_secret,))",
    ],
    "nested-quantifier": [
        "import re\nre.match(r'^(\\w+)+$', text)",
        "import re\nP = re.compile('(a*)*b')",
        "import re\nre.search(r'x(?:[a-z]+)*y', text)",
        "from re import compile\ncompile('((\\\\d+))+,')",
    ],
    "old-tls": [
        "import ssl\nssl.SSLContext(ssl.PROTOCOL_TLSv1)",
        "import ssl\ncontext.minimum_version = ssl.TLSVersion.TLSv1_1",
        "from ssl import SSLContext, PROTOCOL_SSLv3\nSSLContext(PROTOCOL_SSLv3)",
        "from OpenSSL import SSL\nSSL.Context(SSL.TLSv1_METHOD)",
    ],
    "pickled-array": [
        "import numpy as np\nnp.load(path, allow_pickle=True)",
        "import numpy\nnumpy.load(path, mmap_mode='r', allow_pickle=True)",
        "from numpy import load\nload(path, allow_pickle=True)",
    ],
    "request-path": [
        FLASK + "def f():\n    return open(request.args['name']).read()",
        FLASK + "def f():\n    name = request.args.get('name')\n    return send_file(os.path.join('/srv', name))",
        FLASK + "async def f():\n    os.remove('/srv/' + request.form['name'])",
        FLASK + "from pathlib import Path\ndef f():\n    return Path('/srv', request.values['name']).read_text()",
        "def view(request):\n    return open(f\"/srv/{request.GET['name']}\")",
    ],
    "request-template": [
        FLASK + "def f():\n    return render_template_string(request.args['t'])",
        FLASK
        + "def f():\n    name = request.args.get('name', '')\n    return render_template_string(f'<h1>{name}</h1>')",
        FLASK + "def f():\n    return jinja2.Template('Hi ' + request.form['name']).render()",
        FLASK + "def f(env):\n    return env.from_string('<p>%s' % request.values['x']).render()",
    ],
    "request-url": [
        FLASK + "def f():\n    return requests.get(request.args['url']).text",
        FLASK + "def f():\n    url = request.json['url']\n    return urllib.request.urlopen(url).read()",
        FLASK + "def f():\n    host = request.args.get('host')\n    return httpx.post(f'http://{host}/hook')",
        FLASK + "def f():\n    return requests.request('GET', request.args['url'])",
    ],
    "timing-compare": [
        HMAC + "def f():\n    return hmac.new(key, body, 'sha256').hexdigest() == given",
        HMAC
        + "def f():\n    expected = hmac.new(key, body, hashlib.sha256).hexdigest()\n    if given != expected:\n        raise ValueError",
        HMAC + "def f():\n    return given == hmac.digest(key, body, 'sha256')",
        HMAC + "def f():\n    mac = hmac.new(key, body, 'sha256')\n    return mac.digest() == given",
    ],
    "unverified-tls": [
        "import ssl\ncontext.verify_mode = ssl.CERT_NONE",
        "from ssl import CERT_NONE\nself.context.verify_mode = CERT_NONE",
        "import ssl as tls\nctx = tls.create_default_context()\nctx.verify_mode = tls.CERT_NONE",
    ],
    "xml-entities": [
        "from lxml import etree\netree.XMLParser(resolve_entities=True)",
        "import lxml.etree as ET\nET.XMLParser(no_network=False)",
        "from lxml import etree\netree.iterparse(path, load_dtd=True)",
        "import xml.sax\np = xml.sax.make_parser()\np.setFeature(xml.sax.handler.feature_external_ges, True)",
        "p.setFeature('http://xml.org/sax/features/external-general-entities', 1)",
    ],
}
GOOD = {
    "archive-path": [
        "import zipfile\nzipfile.ZipFile(path).extractall(folder)",
        "archive.extractall(folder, filter='data')",
        """\
        for name in archive.namelist():
            target = (folder / name).resolve()
            if not target.is_relative_to(folder):
                raise ValueError(name)
            target.write_bytes(archive.read(name))
        """,
        "for name in archive.namelist():\n    print(name)",
        "for name in archive.namelist():\n    with open('listing.txt', 'a') as file:\n        file.write('x')",
        "import shutil\nshutil.unpack_archive('release.tar.gz', folder, filter='data')",
        "for info in archive.infolist():\n    with open(os.path.join(folder, os.path.basename(info.filename)), 'wb') as f:\n        pass",
    ],
    "hidden-eval": [
        "import ast\nast.literal_eval(text)",
        "getattr(model, 'eval')()",
        "import os\ngetattr(os, 'system', None)",
        "handlers['eval'](text)",
        "globals()['setup']()",
        "import base64\nprint(base64.b64decode('cHJpbnQoMSk='))",
        "re.compile(pattern)",
        "compile(source.decode(), '<string>', 'exec')",
    ],
    "jwt-unverified": [
        "import jwt\njwt.decode(token, key, algorithms=['RS256'])",
        "import jwt\njwt.decode(token, key, algorithms=['HS256'], options={'verify_aud': False})",
        "import jwt\njwt.get_unverified_header(token)",
        "import base64\nbase64.decode(a, b)",
        "import jwt\njwt.decode(token, key, algorithms=['RS256'], options={'verify_signature': True})",
    ],
    "logged-secret": [
        LOG + "logger.info('user %s logged in', user)",
        LOG + "logger.info('password was changed')",
        LOG + "logger.info('%s', bool(password))",
        LOG + "logger.info('tokens: %d', len(tokens))",
        "print(password)",
        LOG + "logger.info('%s', password_policy)",
        "math.log(password)",
    ],
    "nested-quantifier": [
        "import re\nre.match(r'^\\w+$', text)",
        "import re\nre.match(r'^(\\w+\\s)+$', text)",
        "import re\nre.match(r'(a+){2}b', text)",
        "import re\nre.compile('(?:[a-z]+-)*[a-z]+')",
        "import re\nre.compile('(broken')",
        "import re\nre.compile(pattern)",
    ],
    "old-tls": [
        "import ssl\nssl.create_default_context()",
        "import ssl\nssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)",
        "import ssl\ncontext.minimum_version = ssl.TLSVersion.TLSv1_2",
        "import ssl\nif version == ssl.TLSVersion.TLSv1:\n    raise ValueError",
    ],
    "pickled-array": [
        "import numpy as np\nnp.load(path)",
        "import numpy as np\nnp.load(path, allow_pickle=False)",
        "import json\njson.load(file)",
        "loader.load(path, allow_pickle=True)",
    ],
    "request-path": [
        FLASK
        + "from werkzeug.utils import secure_filename\ndef f():\n    return open(os.path.join('/srv', secure_filename(request.args['name'])))",
        FLASK
        + "def f():\n    name = request.args['name']\n    if name not in ALLOWED:\n        raise ValueError\n    return open(name)",
        FLASK + "def f():\n    return open('fixed.txt')",
        FLASK + "def f():\n    if request.args['name'] in ALLOWED:\n        return open(request.args['name'])",
        FLASK + "def f():\n    path = FILES[request.args['name']]\n    return open(path)",
        FLASK
        + "from flask import send_from_directory\ndef f():\n    return send_from_directory('/srv', request.args['name'])",
        "def f(request):\n    return open(request.config_path)",
    ],
    "request-template": [
        FLASK + "def f():\n    return render_template_string('<h1>{{ name }}', name=request.args['name'])",
        FLASK
        + "from flask import render_template\ndef f():\n    return render_template('a.html', name=request.args['name'])",
        FLASK + "def f():\n    return jinja2.Template(TEXT).render(name=request.args['name'])",
        FLASK + "def f():\n    name = escape(request.args['name'])\n    return render_template_string(name)",
    ],
    "request-url": [
        FLASK + "def f():\n    return requests.get(FEEDS[request.args['feed']])",
        FLASK + "def f():\n    return requests.get('https://example.org', params=request.args)",
        FLASK
        + "def f():\n    url = request.args['url']\n    if urlsplit(url).hostname not in HOSTS:\n        raise ValueError\n    return requests.get(url)",
        FLASK + "def f(url):\n    return requests.get(url)",
    ],
    "timing-compare": [
        HMAC + "def f():\n    return hmac.compare_digest(hmac.new(key, body, 'sha256').hexdigest(), given)",
        HMAC + "def f():\n    return hashlib.sha256(data).hexdigest() == expected",
        HMAC + "def f():\n    return len(hmac.new(key, body, 'sha256').digest()) == 32",
        HMAC + "def f():\n    mac = hmac.new(key, body, 'sha256')\n    return mac.name == 'hmac-sha256'",
    ],
    "unverified-tls": [
        "import ssl\ncontext.verify_mode = ssl.CERT_REQUIRED",
        "import ssl\nif context.verify_mode == ssl.CERT_NONE:\n    raise ValueError",
        "import ssl\nMODES = {'none': ssl.CERT_NONE}",
    ],
    "xml-entities": [
        "from lxml import etree\netree.XMLParser(resolve_entities=False, no_network=True)",
        "from lxml import etree\netree.XMLParser(load_dtd=True, resolve_entities=False)",
        "import defusedxml.ElementTree as ET\nET.parse(path)",
        "import xml.sax\np.setFeature(xml.sax.handler.feature_external_ges, False)",
        "from other import XMLParser\nXMLParser(resolve_entities=True)",
    ],
}
BY_ID = {rule.id: rule for rule in RULES}


def lines(rule: str, text: str) -> list[int]:
    text = textwrap.dedent(text)
    tree = ast.parse(text)
    return list(BY_ID[rule].look(Module("a.py", tree, tuple(text.splitlines()), imports_of(tree))))


def cases(table: dict[str, list[str]]) -> list[object]:
    return [pytest.param(rule, text, id=f"{rule}-{n}") for rule, texts in table.items() for n, text in enumerate(texts)]


@pytest.mark.parametrize(("rule", "text"), cases(BAD))
def test_a_flaw_is_found_once(rule: str, text: str) -> None:
    assert len(lines(rule, text)) == 1


@pytest.mark.parametrize(("rule", "text"), cases(GOOD))
def test_what_looks_alike_is_no_flaw(rule: str, text: str) -> None:
    assert lines(rule, text) == []


@pytest.mark.parametrize(("rule", "text"), cases(GOOD))
def test_no_other_rule_minds_the_good_examples(rule: str, text: str) -> None:
    others = {other.id: lines(other.id, text) for other in RULES if other.id != rule}
    assert {name: found for name, found in others.items() if found} == {}


@pytest.mark.parametrize("rule", sorted(BY_ID))
def test_every_rule_has_enough_examples(rule: str) -> None:
    assert len(BAD[rule]) >= 3
    assert len(GOOD[rule]) >= 3
