# SPDX-License-Identifier: GPL-3.0-or-later
# Copyright (c) cloudbgp.exabgp contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)

from __future__ import annotations


class ModuleDocFragment:
    """The options of every module that asks AWS (module_utils/_aws.py, SPEC)."""

    DOCUMENTATION = r"""
requirements:
  - boto3
options:
  regions:
    description: The regions to ask, side by side. That of E(AWS_REGION), or of the profile, when not given.
    type: list
    elements: str
    aliases: [region]
  profile:
    description: The profile of the configuration files. Also E(AWS_PROFILE).
    type: str
  access_key:
    description: The id of an access key. Also E(AWS_ACCESS_KEY_ID).
    type: str
  secret_key:
    description: The secret of the access key. Also E(AWS_SECRET_ACCESS_KEY).
    type: str
  session_token:
    description: The token of temporary credentials. Also E(AWS_SESSION_TOKEN) and E(AWS_SECURITY_TOKEN).
    type: str
  endpoint_url:
    description: Where the service answers, instead of AWS's own address. Also E(AWS_URL) and E(AWS_ENDPOINT_URL).
    type: str
notes:
  - What is not given is found as every tool with boto3 finds it. The environment variables of AWX's credential type
    Amazon Web Services are enough.
"""
