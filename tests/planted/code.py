# ruff: noqa: E501, ISC004  (examples are read best on one line)
"""Planted flaws of code with clean twins: what ruff and bandit know, what they miss, what takes data flow."""

from __future__ import annotations

from tests.planted.case import Case

_FLASK = "from flask import Flask, request, render_template_string, send_file, redirect\n"
# Name: (flawed, clean).
_PAIRS: dict[str, tuple[str, str]] = {
    "shell": (
        "import subprocess\n\ndef f(x):\n    subprocess.run(f'ls {x}', shell=True)\n",
        "import subprocess\n\ndef f(x):\n    subprocess.run(['/bin/ls', x], check=True)\n",
    ),
    "os.system": ("import os\n\ndef f(x):\n    os.system('ls ' + x)\n", "import os\n\ndef f(x):\n    os.listdir(x)\n"),
    "eval": ("def f(x):\n    return eval(x)\n", "import ast\n\ndef f(x):\n    return ast.literal_eval(x)\n"),
    "exec": ("def f(x):\n    exec(x)\n", "def f(x):\n    return x()\n"),
    "pickle": (
        "import pickle\n\ndef f(x):\n    return pickle.loads(x)\n",
        "import json\n\ndef f(x):\n    return json.loads(x)\n",
    ),
    "marshal": (
        "import marshal\n\ndef f(x):\n    return marshal.loads(x)\n",
        "import json\n\ndef f(x):\n    return json.dumps(x)\n",
    ),
    "yaml": (
        "import yaml\n\ndef f(x):\n    return yaml.load(x)\n",
        "import yaml\n\ndef f(x):\n    return yaml.safe_load(x)\n",
    ),
    "md5": (
        "import hashlib\n\ndef f(x):\n    return hashlib.md5(x).hexdigest()\n",
        "import hashlib\n\ndef f(x):\n    return hashlib.sha256(x).hexdigest()\n",
    ),
    "sql": (
        "def f(db, x):\n    db.execute(\"SELECT * FROM t WHERE a = '%s'\" % x)\n",
        "def f(db, x):\n    db.execute('SELECT * FROM t WHERE a = ?', (x,))\n",
    ),
    "mktemp": (
        "import tempfile\n\ndef f():\n    return tempfile.mktemp()\n",
        "import tempfile\n\ndef f():\n    return tempfile.mkstemp()\n",
    ),
    "no verification": (
        "import requests\n\ndef f(x):\n    return requests.get('https://a.b', verify=False, timeout=3)\n",
        "import requests\n\ndef f(x):\n    return requests.get('https://a.b', timeout=3)\n",
    ),
    "no time-out": (
        "import requests\n\ndef f():\n    return requests.get('https://a.b')\n",
        "import requests\n\ndef f():\n    return requests.get('https://a.b', timeout=5)\n",
    ),
    "flask debug": (
        "from flask import Flask\n\napp = Flask('a')\napp.run(debug=True)\n",
        "from flask import Flask\n\napp = Flask('a')\napp.run()\n",
    ),
    "jinja without escaping": (
        "import jinja2\n\nENV = jinja2.Environment()\n",
        "import jinja2\n\nENV = jinja2.Environment(autoescape=True)\n",
    ),
    "tar": (
        "import tarfile\n\ndef f(x, y):\n    tarfile.open(x).extractall(y)\n",
        "import tarfile\n\ndef f(x, y):\n    tarfile.open(x).extractall(y, filter='data')\n",
    ),
    "chmod": ("import os\n\ndef f(x):\n    os.chmod(x, 0o777)\n", "import os\n\ndef f(x):\n    os.chmod(x, 0o600)\n"),
    "all interfaces": ("HOST = '0.0.0.0'\n", "HOST = '127.0.0.1'\n"),
    "telnet": (
        "import telnetlib\n\ndef f(x):\n    return telnetlib.Telnet(x)\n",
        "import ssl\n\ndef f():\n    return ssl.create_default_context()\n",
    ),
    "unverified context": (
        "import ssl\n\nC = ssl._create_unverified_context()\n",
        "import ssl\n\nC = ssl.create_default_context()\n",
    ),
    "minidom": (
        "import xml.dom.minidom\n\ndef f(x):\n    return xml.dom.minidom.parseString(x)\n",
        "import defusedxml.minidom\n\ndef f(x):\n    return defusedxml.minidom.parseString(x)\n",
    ),
    "host keys": (
        "import paramiko\n\ndef f():\n    c = paramiko.SSHClient()\n    c.set_missing_host_key_policy(paramiko.AutoAddPolicy)\n",
        "import paramiko\n\ndef f():\n    c = paramiko.SSHClient()\n    c.load_system_host_keys()\n",
    ),
    "nosec": (
        "import pickle\n\ndef f(x):\n    return pickle.loads(x)  # nosec # noqa: S301\n",
        "import json\n\ndef f(x):\n    return json.loads(x)  # nosec\n",
    ),
    # What neither of them knows.
    "template injection": (
        _FLASK + "\ndef f():\n    return render_template_string('<p>' + request.args['x'])\n",
        _FLASK + "\ndef f():\n    return render_template_string('<p>{{ x }}', x=request.args['x'])\n",
    ),
    "path from a request": (
        _FLASK + "\ndef f():\n    return send_file('/srv/' + request.args['x'])\n",
        _FLASK
        + "from flask import send_from_directory\n\ndef f():\n    return send_from_directory('/srv', request.args['x'])\n",
    ),
    "address from a request": (
        _FLASK + "import requests\n\ndef f():\n    return requests.get(request.args['x'], timeout=3).text\n",
        _FLASK + "import requests\n\ndef f():\n    return requests.get(URLS[request.args['x']], timeout=3).text\n",
    ),
    "xml entities": (
        "from lxml import etree\n\nP = etree.XMLParser(resolve_entities=True)\n",
        "from lxml import etree\n\nP = etree.XMLParser(resolve_entities=False)\n",
    ),
    "unverified token": (
        "import jwt\n\ndef f(x):\n    return jwt.decode(x, options={'verify_signature': False})\n",
        "import jwt\n\ndef f(x, key):\n    return jwt.decode(x, key, algorithms=['RS256'])\n",
    ),
    "old tls": (
        "import ssl\n\nC = ssl.SSLContext(ssl.PROTOCOL_TLSv1)\n",
        "import ssl\n\nC = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)\n",
    ),
    "zip slip": (
        "import os, zipfile\n\ndef f(x, y):\n    z = zipfile.ZipFile(x)\n    for n in z.namelist():\n"
        "        with open(os.path.join(y, n), 'wb') as out:\n            out.write(z.read(n))\n",
        "import zipfile\n\ndef f(x, y):\n    zipfile.ZipFile(x).extractall(y)\n",
    ),
    "pickled array": (
        "import numpy as np\n\ndef f(x):\n    return np.load(x, allow_pickle=True)\n",
        "import numpy as np\n\ndef f(x):\n    return np.load(x)\n",
    ),
    "logged password": (
        "import logging\n\nlog = logging.getLogger(__name__)\n\ndef f(user, password):\n    log.info('%s %s', user, password)\n",
        "import logging\n\nlog = logging.getLogger(__name__)\n\ndef f(user, password):\n    log.info('%s', user)\n",
    ),
    "timing": (
        "import hmac\n\ndef f(key, body, given):\n    return hmac.new(key, body, 'sha256').hexdigest() == given\n",
        "import hmac\n\ndef f(key, body, given):\n    return hmac.compare_digest(hmac.new(key, body, 'sha256').hexdigest(), given)\n",
    ),
    "slow expression": (
        "import re\n\nP = re.compile(r'^(\\w+)+$')\n",
        "import re\n\nP = re.compile(r'^\\w+$')\n",
    ),
    "disguised eval": (
        "import builtins\n\ndef f(x):\n    return getattr(builtins, 'ev' + 'al')(x)\n",
        "import builtins\n\ndef f(x):\n    return getattr(builtins, x)\n",
    ),
    # What takes data flow through functions: CodeQL's part.
    "path through a function": (
        _FLASK + "\ndef name():\n    return request.args['x']\n\ndef f():\n    return open(name()).read()\n",
        _FLASK + "\ndef name():\n    return 'fixed'\n\ndef f():\n    return open(name()).read()\n",
    ),
    "open redirect": (
        _FLASK + "\ndef f():\n    return redirect(request.args['to'])\n",
        _FLASK + "\ndef f():\n    return redirect('/home')\n",
    ),
    "ldap": (
        "def f(connection, name):\n    connection.search('dc=a', '(cn=' + name + ')')\n",
        "def f(connection):\n    connection.search('dc=a', '(cn=me)')\n",
    ),
    "reflected html": (
        _FLASK + "\ndef f():\n    return '<p>' + request.args['x'] + '</p>'\n",
        _FLASK + "\ndef f():\n    return '<p>hello</p>'\n",
    ),
}


def cases() -> list[Case]:
    """One module each."""
    found = []
    for name, (flawed, clean) in _PAIRS.items():
        path = f"src/planted/{name.replace(' ', '_').replace('.', '_')}.py"
        found.append(Case(name, {path: flawed}, {path: clean}))
    return found
