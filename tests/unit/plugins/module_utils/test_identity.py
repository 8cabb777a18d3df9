# SPDX-License-Identifier: GPL-3.0-or-later
"""What a configuration says and what the two lines of ExaBGP answer (recorded) are the same routes and rules."""

from __future__ import annotations

import pytest

from ansible_collections.cloudbgp.exabgp.plugins.module_utils import _answers, _conffile, _identity

CONFIG = """\
neighbor 192.168.60.3 {
    local-address 192.168.60.15;
    static {
        route 203.0.113.0/24 next-hop self med 100;
        route 198.51.100.0/24 next-hop self path-information 1;
        route 198.51.100.0/24 next-hop self path-information 0.0.0.2;
        route 203.0.113.64/26 next-hop self label 1004;
        route 10.9.0.0/16 next-hop self label 1104 rd 65060:9;
        route 2001:DB8:113::/48 {
            next-hop fd00:60::15;
        }
        route 198.18.0.0/24 next-hop self watchdog never withdraw;
        route 198.18.4.0/22 next-hop self split /24;
        route 192.0.2.1 next-hop self;
    }
    announce {
        ipv4 {
            multicast 203.0.113.0/24 next-hop self;
        }
    }
    flow {
        route ntp { match { destination 203.0.113.10/32; protocol =udp; source-port =123; } then { discard; } }
        route web { match { destination 203.0.113.20/32; destination-port [ =80 >=8080&<=8088 ]; tcp-flags =syn; }\
 then { rate-limit 125000; } }
        route ping { match { destination 203.0.113.40/32; protocol =icmp; icmp-type =8; } then { discard; } }
        route six {
            match { destination 2001:db8:113::10/128; next-header 58; icmp-type 128; }
            then { discard; }
        }
        route vrf { rd 65060:5; match { destination 10.9.1.0/24; } then { discard; } }
    }
}
"""
HEAD = (
    "neighbor 192.168.60.3 local-ip 192.168.60.15 local-as 65060 peer-as 65003 router-id 192.168.60.15 "
    "family-allowed in-open "
)
ROUTES = [
    "ipv4 unicast 203.0.113.0/24 next-hop self med 100",
    "ipv4 unicast 198.51.100.0/24 path-information 0.0.0.1 next-hop 192.168.60.15",
    "ipv4 unicast 198.51.100.0/24 path-information 0.0.0.2 next-hop 192.168.60.15",
    "ipv4 unicast 192.0.2.1/32 next-hop 192.168.60.15",
    "ipv4 multicast 203.0.113.0/24 next-hop 192.168.60.15",
    "ipv4 nlri-mpls 203.0.113.64/26 label 1004 next-hop 192.168.60.15",
    "ipv4 mpls-vpn 10.9.0.0/16 label 1104 next-hop 192.168.60.15 rd 65060:9 extended-community target:65060:9",
    "ipv6 unicast 2001:db8:113::/48 next-hop fd00:60::15",
]
RULES_5 = [
    "ipv4 flow flow destination-ipv4 203.0.113.10/32 protocol =udp source-port =ntp extended-community rate-limit:0",
    "ipv4 flow flow destination-ipv4 203.0.113.20/32 destination-port [ =http >=http-alt&<=radan-http ] tcp-flags =syn "
    "extended-community rate-limit:125000",
    "ipv4 flow flow destination-ipv4 203.0.113.40/32 protocol =icmp icmp-type =echo-request "
    "extended-community rate-limit:0",
    "ipv6 flow flow destination-ipv6 2001:db8:113::10/128/0 next-header =58 icmp-type =128 "
    "extended-community rate-limit:0",
    "ipv4 flow-vpn flow destination-ipv4 10.9.1.0/24 rd 65060:5 extended-community rate-limit:0",
]
RULES_4 = [
    RULES_5[0].replace("=ntp", "=123"),
    RULES_5[1].replace("=http >=http-alt&<=radan-http", "=80 >=8080&<=8088"),
    RULES_5[2],
    RULES_5[3].replace("=58", "=unknown protocol type 58").replace("=128", "=unknown icmp type type 128"),
    RULES_5[4],
]


def session():
    (found,) = _conffile.read_sessions(CONFIG).values()
    return found


def rules(lines):
    answer = _answers.rules([HEAD + line for line in lines])
    return [_identity.Rule(item["rule"][0], tuple(item["rule"][1])) for item in answer]


def test_the_routes_of_a_file_are_those_of_the_answer():
    answer = _answers.announced([HEAD + line for line in ROUTES])
    held = {
        _identity.route(item["prefix"], item["family"].split()[1], item["rd"], item["path_information"])
        for item in answer
    }
    assert held == session().prefixes


def test_an_answer_tells_labels_and_distinguishers():
    answer = {item["family"]: item for item in _answers.announced([HEAD + line for line in ROUTES])}
    assert answer["ipv4 nlri-mpls"]["label"] == 1004
    assert (answer["ipv4 mpls-vpn"]["label"], answer["ipv4 mpls-vpn"]["rd"]) == (1104, "65060:9")
    assert answer["ipv4 mpls-vpn"]["extended_communities"] == ["target:65060:9"]


def test_the_attributes_that_few_have():
    line = HEAD + (
        "ipv4 unicast 203.0.113.0/24 next-hop self atomic-aggregate aggregator ( 65060:192.168.60.99 ) "
        "originator-id 10.0.2.99 cluster-list [ 10.0.2.98 10.0.2.97 ] med 5"
    )
    (route,) = _answers.announced([line])
    assert route["atomic_aggregate"] is True
    assert (route["aggregator"], route["originator_id"], route["med"]) == ("65060:192.168.60.99", "10.0.2.99", 5)
    assert route["cluster_list"] == ["10.0.2.98", "10.0.2.97"]


@pytest.mark.parametrize("lines", [RULES_5, RULES_4], ids=["5.0", "4.2"])
def test_the_rules_of_a_file_are_those_of_the_answer(lines):
    wanted = list(session().rules)
    assert _identity.missing(wanted, rules(lines)) == []
    assert _identity.surplus([], wanted, rules(lines)) == []


@pytest.mark.parametrize("number", range(len(RULES_5)))
def test_a_rule_that_is_not_held_is_missed(number):
    held = rules(RULES_5[:number] + RULES_5[number + 1 :])
    (missed,) = _identity.missing(session().rules, held)
    assert missed == list(session().rules)[number]


def test_a_rule_with_another_port_is_another_one_where_ports_are_numbers():
    other = [RULES_4[0].replace("=123", "=124"), *RULES_4[1:]]
    assert len(_identity.missing(session().rules, rules(other))) == 1


def test_a_rule_that_is_held_and_not_wanted_is_taken_back_with_its_own_statement():
    old = session()
    wanted = {rule: text for rule, text in old.rules.items() if "icmp" not in text}
    gone = [rule for rule in old.rules if rule not in wanted]
    (unwanted,) = [rule for rule in _identity.surplus(gone, wanted, rules(RULES_5)) if "203.0.113.40" in rule.skeleton]
    assert old.rules[unwanted] == (
        "route ping { match { destination 203.0.113.40/32; protocol =icmp; icmp-type =8; } then { discard; } }"
    )


def test_what_takes_a_route_back():
    statements = session().statements
    assert statements["203.0.113.0/24"] == "route 203.0.113.0/24"
    assert statements["198.51.100.0/24 path-information 2"] == "route 198.51.100.0/24 path-information 0.0.0.2"
    assert statements["10.9.0.0/16 rd 65060:9"] == "route 10.9.0.0/16 label 1104 rd 65060:9"
    assert statements["multicast 203.0.113.0/24"] == "ipv4 multicast 203.0.113.0/24 next-hop self"


def test_a_check_of_routes_leaves_out_what_exabgp_judges_wrongly():
    text = "neighbor 10.0.0.1 {\n capability { add-path send; asn4 enable; }\n" + CONFIG.split("\n", 2)[2]
    checked = _conffile.self_checked(text)
    assert "add-path" not in checked
    assert "path-information" not in checked
    assert "flow" not in checked
    assert "asn4 enable;" in checked
    assert "route 203.0.113.64/26 next-hop self label 1004;" in checked
    assert _conffile.self_checked("neighbor {") == "neighbor {"
