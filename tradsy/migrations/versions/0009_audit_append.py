"""Recording in one round trip: the database links events to their chains."""

from alembic import op

revision = "0009"
down_revision = "0008"
branch_labels = None
depends_on = None


def upgrade() -> None:
    # The rights and row-level security of the caller hold: the function is not SECURITY DEFINER.
    # A missing head is made in its turn, so that all heads are locked in chain order whoever makes them; each statement
    # of a function sees what has committed meanwhile, so the second look finds the head that another one was making.
    # The hash is that of `tradsy.audit.canonical.event_hash`.
    op.execute(
        r"""
        create function audit_append(
            p_at timestamptz, p_chains uuid[], p_actors text[], p_actions text[], p_subjects text[],
            p_canonicals bytea[]
        ) returns void language plpgsql as $body$
        declare
            v_chain record;
            v_place integer;
            v_seq bigint;
            v_head bytea;
            v_hash bytea;
        begin
            for v_chain in
                select c.id, array_agg(c.place order by c.place) as places
                from unnest(p_chains) with ordinality as c (id, place) group by c.id order by c.id
            loop
                select seq, hash into v_seq, v_head from tradsy.audit_chains where chain_id = v_chain.id for update;
                if not found then
                    insert into tradsy.audit_chains (chain_id) values (v_chain.id) on conflict do nothing;
                    select seq, hash into strict v_seq, v_head
                    from tradsy.audit_chains where chain_id = v_chain.id for update;
                end if;
                foreach v_place in array v_chain.places loop
                    v_seq := v_seq + 1;
                    v_hash := sha256('\x00'::bytea || convert_to(E'tradsy/audit/event/v1\n', 'UTF8')
                        || uuid_send(v_chain.id) || int8send(v_seq) || v_head || p_canonicals[v_place]);
                    insert into tradsy.audit_events
                        (chain_id, seq, at, actor, action, subject, canonical, prev_hash, hash)
                    values (v_chain.id, v_seq, p_at, p_actors[v_place], p_actions[v_place], p_subjects[v_place],
                        p_canonicals[v_place], v_head, v_hash);
                    v_head := v_hash;
                end loop;
                update tradsy.audit_chains set seq = v_seq, hash = v_head where chain_id = v_chain.id;
            end loop;
        end
        $body$
        """
    )
    signature = "audit_append(timestamptz, uuid[], text[], text[], text[], bytea[])"
    op.execute(f"revoke all on function {signature} from public")
    op.execute(f"grant execute on function {signature} to tradsy_app, tradsy_engine")


def downgrade() -> None:
    op.execute("drop function audit_append")
