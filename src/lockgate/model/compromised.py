"""Commits of actions that are known to have carried an attacker's code, with the incident."""

from __future__ import annotations

COMPROMISED = {
    "0e58ed8671d6b60d0890c21b07f8835ace038e67": "tj-actions/changed-files, March 2025 (CVE-2025-30066)",
    "f0d342d24037bb11d26b9bd8496e0808ba32e9ec": "reviewdog/action-setup, March 2025 (CVE-2025-30154)",
    "ddb9da4475c1cef7d5389062bdfdfbdbd1394648": "aquasecurity/trivy-action, March 2026 (CVE-2026-33634)",
    "8afa9b9f9183b4e00c46e2b82d34047e3c177bd0": "aquasecurity/setup-trivy, March 2026 (CVE-2026-33634)",
}
