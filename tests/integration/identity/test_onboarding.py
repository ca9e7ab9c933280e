"""Profile and consents: nothing trades before both current texts are accepted."""

from __future__ import annotations

import hashlib
from pathlib import Path

import pytest

from tests.integration.identity.site import Site, code_of, idem
from tradsy.domain.errors import NotFound
from tradsy.identity import legal, onboarding, service
from tradsy.identity.legal import DocumentName
from tradsy.platform.db import sql
from tradsy.testing.asgi import AsgiAnswer, AsgiClient


async def accept(browser: AsgiClient, **versions: str) -> AsgiAnswer:
    return await browser.post("/api/v1/me/onboarding/consents", json=versions, headers=idem())


async def versions_of(browser: AsgiClient) -> dict[str, str]:
    return (await browser.get("/api/v1/me/onboarding")).json()["current"]


async def test_texts_are_public_and_versioned_by_date_and_content(site: Site):
    for name in DocumentName:
        answer = await site.program().get(f"/api/v1/legal/{name}")
        found = answer.json()
        raw = Path(legal.__file__).parent / "texts" / f"{name}.txt"
        assert found["sha256"] == hashlib.sha256(raw.read_bytes()).hexdigest()
        assert found["version"].endswith(found["sha256"][:12])
        assert len(found["text"]) > 1000
    assert (await site.program().get("/api/v1/legal/imprint")).status == 422


async def test_nothing_trades_before_both_current_texts_are_accepted(site: Site):
    user_id, browser = await site.signed_in()
    current = await versions_of(browser)
    refused = await browser.post("/api/v1/probe/consented")
    assert (refused.status, code_of(refused)) == (403, "consent_required")
    assert (await accept(browser, disclaimer=current["disclaimer"])).json()["may_trade"] is False
    assert (await browser.post("/api/v1/probe/consented")).status == 403
    both = await accept(browser, **current)
    assert both.json()["may_trade"] is True
    assert (await browser.post("/api/v1/probe/consented")).status == 200
    assert (await browser.get("/api/v1/me")).json()["may_trade"] is True
    # Accepted at once, each once: the second acceptance of the disclaimer changed nothing.
    assert [c["document"] for c in both.json()["consents"]] == ["disclaimer", "terms"]
    assert (await site.audit_actions(user_id)).count("consent.accepted") == 2
    before = len(site.outbox.named("users.consented"))
    assert (await accept(browser, **current)).status == 200
    assert len(site.outbox.named("users.consented")) == before
    assert (await accept(browser)).status == 200


async def test_only_the_current_version_can_be_accepted(site: Site):
    _, browser = await site.signed_in()
    for body in ({"terms": "2020-01-01-0123456789ab"}, {"disclaimer": (await versions_of(browser))["terms"]}):
        answer = await accept(browser, **body)
        assert (answer.status, code_of(answer)) == (409, "outdated_document")
    assert (await accept(browser, imprint="x")).status == 422


async def test_new_version_stops_trading_until_it_is_accepted(site: Site):
    user_id, browser = await site.signed_in()
    other_id = await site.make_user()
    await accept(browser, **(await versions_of(browser)))
    async with site.database.as_engine() as session:
        assert await service.list_consented(session, [user_id, other_id]) == {user_id}
        assert await service.is_trading_allowed(session, user_id)
        await session.execute(sql("update legal_documents set version = '2999-01-01-x' where document = 'terms'"))
    assert (await browser.post("/api/v1/probe/consented")).status == 403
    async with site.database.as_engine() as session:
        assert await service.list_consented(session, [user_id, other_id]) == set()
        # A start of an older build does not bring the old text back.
        await legal.publish_documents(session, at=site.clock.now())
        assert (await legal.list_current_versions(session))[DocumentName.TERMS] == "2999-01-01-x"
        await session.execute(sql("update legal_documents set version = '2001-01-01-x' where document = 'terms'"))
        await legal.publish_documents(session, at=site.clock.now())
        assert (await legal.list_current_versions(session))[DocumentName.TERMS] == (
            legal.get_document(DocumentName.TERMS).version
        )
    assert (await browser.post("/api/v1/probe/consented")).status == 200


async def test_disabled_user_may_not_trade(site: Site):
    user_id, browser = await site.signed_in()
    await accept(browser, **(await versions_of(browser)))
    async with site.database.as_engine() as session:
        await session.execute(sql("update users set state = 'disabled' where id = :id"), {"id": user_id})
        assert await service.list_consented(session, [user_id]) == set()


async def test_demo_user_is_consented_for_by_the_actor_demo(site: Site):
    demo_id = service.new_user_id()
    async with site.database.as_engine() as session:
        await service.create_user(
            session, user_id=demo_id, email="demo@tradsy.test", at=site.clock.now(), is_demo=True, actor="demo"
        )
        await onboarding.accept_current_documents(session, demo_id, at=site.clock.now(), actor="demo")
        rows = await session.execute(sql("select actor from consents where user_id = :id"), {"id": demo_id})
        assert {row.actor for row in rows} == {"demo"}
        assert await service.is_trading_allowed(session, demo_id)
        events = await session.execute(
            sql("select actor from audit_events where chain_id = :id and action = 'consent.accepted'"), {"id": demo_id}
        )
        assert [row.actor for row in events] == ["demo", "demo"]


async def test_profile_is_kept(site: Site):
    _, browser = await site.signed_in()
    answer = await browser.put(
        "/api/v1/me/onboarding", json={"risk_tolerance": "cautious", "experience": "none"}, headers=idem()
    )
    assert (answer.json()["risk_tolerance"], answer.json()["experience"]) == ("cautious", "none")
    wrong = await browser.put(
        "/api/v1/me/onboarding", json={"risk_tolerance": "reckless", "experience": "none"}, headers=idem()
    )
    assert wrong.status == 422


async def test_unknown_user_is_not_found(site: Site):
    async with site.database.as_engine() as session:
        with pytest.raises(NotFound):
            await service.get_user(session, service.new_user_id())
