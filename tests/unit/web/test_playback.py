"""The past over REST: a moment with all that stood then, and values in a row."""

BASE = "/api/projects/active"


async def recorded(api):
    number = (await api.post(f"{BASE}/sessions/start", json={"name": "Akku"})).json()["id"]
    clock = api.engine.project.clock
    await clock.sleep(10.0)
    await api.put("/api/devices/PSU_01/entities/v_set", json={"value": 3.3})
    await clock.sleep(10.0)
    await api.post(f"{BASE}/sessions/stop")
    return (await api.get(f"{BASE}/sessions/{number}")).json()


async def test_a_moment_holds_the_values_of_its_time_not_those_of_now(api):
    session = await recorded(api)
    begin, end = session["created"], session["stopped"]
    first = (await api.get(f"{BASE}/moment?at={begin + 8}")).json()
    last = (await api.get(f"{BASE}/moment?at={end}")).json()
    assert first["session"]["id"] == session["id"]
    early, late = (found["values"]["PSU_01.v_set"] for found in (first, last))
    assert (late[0], early[0] != late[0]) == (3.3, True)
    assert early[1] <= begin + 8
    assert {found["values"]["CH1.voltage"][2] for found in (first, last)} == {"good"}
    assert (first["alarms"], first["runs"]) == ([], [])


async def test_a_moment_outside_of_recordings_has_no_values(api):
    session = await recorded(api)
    before = (await api.get(f"{BASE}/moment?at={session['created'] - 50}")).json()
    assert (before["session"], before["values"]) == (None, {})


async def test_frames_name_each_row_once_and_begin_before_the_first_row(api):
    session = await recorded(api)
    begin = session["created"] - 2
    query = f"session_id={session['id']}&start={begin}&step=0.5&count=48"
    found = (await api.get(f"{BASE}/frames?{query}")).json()
    psu = next(item for item in found["devices"] if item["device"] == "PSU_01")
    assert len(psu["frames"]) == 48
    assert psu["frames"][0] == -1
    assert sorted(set(psu["frames"]) - {-1}) == list(range(len(psu["rows"])))
    times = [row[0] for row in psu["rows"]]
    assert times == sorted(set(times))
    for place, number in enumerate(psu["frames"]):
        assert number == -1 or times[number] <= begin + place * 0.5
    column = 2 + psu["entities"].index("v_set")
    assert psu["rows"][-1][column] == 3.3


async def test_too_many_frames_and_unknown_sessions_are_refused(api):
    many = await api.get(f"{BASE}/frames?session_id=1&start=1&step=1&count=601")
    unknown = await api.get(f"{BASE}/frames?session_id=99&start=1&step=1&count=2")
    assert (many.status_code, unknown.status_code) == (400, 404)


async def test_an_alarm_stands_in_the_moment_from_its_raise_to_its_end(api):
    session = await recorded(api)
    alarms = api.engine.project.automation.alarms
    at = api.engine.project.clock.now()
    before = (await api.get(f"{BASE}/moment?at={session['stopped']}")).json()
    api.engine.project.automation.server_alarm("server/test", "too warm", active=True)
    await alarms.ledger.flush()
    during = (await api.get(f"{BASE}/moment?at={api.engine.project.clock.now()}")).json()
    assert before["alarms"] == []
    assert [alarm["text"] for alarm in during["alarms"]] == ["too warm"]
    assert (await api.get(f"{BASE}/moment?at={at - 1}")).json()["alarms"] == []
