# SPDX-License-Identifier: GPL-3.0-or-later
# Copyright (c) cloudbgp.exabgp contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)

from __future__ import annotations


class ModuleDocFragment:
    """The options of every module that asks Azure (module_utils/_azure.py, SPEC)."""

    DOCUMENTATION = r"""
requirements:
  - azure-identity
  - requests
options:
  subscription_id:
    description: The subscription. Also E(AZURE_SUBSCRIPTION_ID).
    type: str
  auth_source:
    description:
      - Which credentials to use. V(auto) takes O(client_id), O(secret) and O(tenant) when all are given, and else what
        C(DefaultAzureCredential) of azure-identity finds. V(env) wants the three, V(msi) is a managed identity, V(cli)
        the login of C(az). Also E(ANSIBLE_AZURE_AUTH_SOURCE).
    type: str
    choices: [auto, cli, env, msi]
    default: auto
  client_id:
    description: The application, or the managed identity where a machine has several. Also E(AZURE_CLIENT_ID).
    type: str
  secret:
    description: The secret of the application. Also E(AZURE_SECRET) and E(AZURE_CLIENT_SECRET).
    type: str
  tenant:
    description: The tenant of the application. Also E(AZURE_TENANT) and E(AZURE_TENANT_ID).
    type: str
  cloud_environment:
    description: Which of Microsoft's clouds to ask. Also E(AZURE_CLOUD_ENVIRONMENT).
    type: str
    choices: [AzureChinaCloud, AzureCloud, AzureUSGovernment]
    default: AzureCloud
  management_endpoint:
    description: Where Resource Manager answers, instead of the cloud's own address. Also E(AZURE_MANAGEMENT_ENDPOINT).
    type: str
  operation_timeout:
    description: Seconds for a long-running operation, as Azure's lists of routes are.
    type: float
    default: 180
notes:
  - The environment variables of AWX's credential type Microsoft Azure Resource Manager are understood.
"""
