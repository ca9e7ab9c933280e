"""Routes of identity: `router` under `/api/v1`, `setup_router` at the root."""

from __future__ import annotations

from fastapi import APIRouter

from tradsy.identity import routes_admin, routes_auth, routes_me, routes_setup

router = APIRouter()
router.include_router(routes_auth.router)
router.include_router(routes_me.router)
router.include_router(routes_me.legal_router)
router.include_router(routes_admin.router)
setup_router = routes_setup.router
