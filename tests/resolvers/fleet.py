"""What the sources of the harbour hold about four vessels: offer -> key -> raw records."""

from __future__ import annotations

from typing import Any

from adapters.answers import Key

Raw = dict[str, Any]


def logs() -> dict[Key, list[Raw]]:
    return {"L1": [{"book": "L1", "line": line} for line in ("Fog", "Sun")]}


def flags() -> dict[Key, list[Raw]]:
    states = {"NL": "Netherlands", "NO": "Norway", "PA": "Panama"}
    return {code: [{"code": code, "state": state}] for code, state in states.items()}


def ships() -> dict[Key, list[Raw]]:
    owners = {"R1": [_owner("Smit", "0.25", "NL"), _owner("Dahl", "0.75", "NO")], "R2": []}
    cargo: dict[str, list[Raw | None]] = {
        "R1": [_box("Tea", "NL"), {"is": "tank", "litres": 9}, None],
        "R2": [_box("Ice", None), {"is": "tank", "litres": None}],
    }
    named = (("R1", "Anna", "NL"), ("R2", "Berta", "NO"), ("R3", "Clara", "NL"), ("R4", "Dora", None))
    return {
        key: [
            {
                "imo": key,
                "ship_name": name,
                "call_sign": f"{name}-1",
                "kind": "ferry" if key == "R2" else "tanker",
                "loa": 90,
                "beam": 12,
                "flag_code": flag,
                "owners": owners.get(key),
                "cargo": cargo.get(key),
                "track": [[1, 2], [], [3]] if key == "R1" else None,
            }
        ]
        for key, name, flag in named
    }


def _box(label: str, home: str | None) -> Raw:
    return {"is": "box", "label": label, "home": home}


def _owner(name: str, share: str, home: str) -> Raw:
    return {"name": name, "share": share, "home": home}


def stays() -> dict[Key, list[Raw]]:
    stays = (("R1", "NLRTM", "2026-01-01"), ("R1", "NOBGO", "2026-02-01"), ("R2", "NLRTM", "2026-03-01"))
    found: dict[Key, list[Raw]] = {}
    for key, port, day in stays:
        found.setdefault(key, []).append({"imo": key, "port": port, "on": day})
    return found


def heard() -> dict[Key, list[Raw]]:
    heard = (("S1", 301, "NL", "L1"), ("S2", 302, "PA", None), ("S3", 303, "NL", "L3"))
    return {
        key: [{"mmsi": key, "draught": draught, "heard_under": flag, "log": log}] for key, draught, flag, log in heard
    }


def ports() -> dict[Key, list[Raw]]:
    ports = (("NLRTM", "Rotterdam", "NL"), ("NOBGO", "Bergen", "NO"))
    return {key: [{"locode": key, "name": name, "flag": flag}] for key, name, flag in ports}


def sightings() -> dict[Key, list[Raw]]:
    return {
        "R1": [
            {"imo": "R1", "by": "radar", "on": "2026-01-01", "range": 500},
            {"imo": "R1", "by": "photo", "on": "2026-01-02", "seen_under": "PA"},
        ],
        "R2": [{"imo": "R2", "by": "rumour", "on": "2026-01-03"}],
    }


def voyages() -> dict[Key, list[Raw]]:
    counts = {"R1": 7, "R2": 2, "R3": 0}
    return {
        key: [
            {"imo": key, "number": number, "is_rough": number % 2 == 0, "notes": f"N{key}-{number}"}
            for number in range(1, count + 1)
        ]
        for key, count in counts.items()
    }


def notes() -> dict[Key, list[Raw]]:
    return {
        f"N{key}-{number}": [{"book": f"N{key}-{number}", "text": f"{key} {number}.{place}"} for place in range(number)]
        for key, number in (("R1", 1), ("R1", 2), ("R1", 3), ("R1", 5), ("R2", 1), ("R2", 2))
    }
