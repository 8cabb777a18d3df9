# SPDX-License-Identifier: GPL-3.0-or-later
# Copyright (c) cloudbgp.exabgp contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)

from __future__ import annotations


class ModuleDocFragment:
    """The options of every module that asks Google Cloud (module_utils/_gcp.py, SPEC)."""

    DOCUMENTATION = r"""
requirements:
  - google-auth
  - requests
options:
  project:
    description: The project. That of the credentials when not given here or in E(GCP_PROJECT).
    type: str
  auth_kind:
    description:
      - Which credentials to use. When not given, what is given decides; without any, the application's default
        credentials are used (E(GOOGLE_APPLICATION_CREDENTIALS), gcloud's own, or the machine's service account).
      - The value of E(GCP_AUTH_KIND) is used when it is set.
    type: str
    choices: [accesstoken, application, machineaccount, serviceaccount]
  service_account_file:
    description: The file with a service account's key. Also E(GCP_SERVICE_ACCOUNT_FILE).
    type: path
  service_account_contents:
    description: The content of such a file. Also E(GCP_SERVICE_ACCOUNT_CONTENTS).
    type: jsonarg
  service_account_email:
    description: The machine's service account for O(auth_kind=machineaccount). Also E(GCP_SERVICE_ACCOUNT_EMAIL).
    type: str
  access_token:
    description: An OAuth 2.0 access token. Also E(GCP_ACCESS_TOKEN).
    type: str
  compute_endpoint:
    description: The base of Compute's API. Also E(CLOUDSDK_API_ENDPOINT_OVERRIDES_COMPUTE).
    type: str
    default: https://compute.googleapis.com/compute/v1
  network_connectivity_endpoint:
    description: The base of the Network Connectivity API. Also E(CLOUDSDK_API_ENDPOINT_OVERRIDES_NETWORKCONNECTIVITY).
    type: str
    default: https://networkconnectivity.googleapis.com/v1
notes:
  - The environment variables of AWX's credential type Google Compute Engine are understood.
"""
