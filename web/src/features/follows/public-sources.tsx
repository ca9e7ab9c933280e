import { useTranslations } from 'use-intl'
import { Button } from '@/components/button.tsx'
import { Panel } from '@/components/panel.tsx'
import { Empty } from '@/components/states.tsx'
import { Table, Td, Th } from '@/components/table.tsx'
import { PagesView } from '@/features/signals/paging.tsx'
import { useSources } from './queries.ts'
import { StateBadge } from './state-badge.tsx'

export function PublicSources({ onFollow }: { onFollow: (sourceId: string) => void }) {
  const t = useTranslations('follows')
  const common = useTranslations('common')
  const sources = useSources('public')
  return (
    <Panel title={t('publicSources')}>
      <PagesView query={sources}>
        {(items) =>
          items.length === 0 ? (
            <Empty action={<Button onClick={() => void sources.refetch()}>{common('refresh')}</Button>}>
              {t('noPublic')}
            </Empty>
          ) : (
            <Table
              label={t('publicSources')}
              head={
                <>
                  <Th>{t('name')}</Th>
                  <Th>{t('kind')}</Th>
                  <Th>{t('description')}</Th>
                  <Th>{t('state')}</Th>
                  <Th>{t('acts')}</Th>
                </>
              }
            >
              {items.map((source) => (
                <tr key={source.id}>
                  <Td className="font-medium">{source.name}</Td>
                  <Td>{t(`kinds.${source.kind}`)}</Td>
                  <Td className="min-w-56 whitespace-normal">{source.description}</Td>
                  <Td>
                    <StateBadge state={source.state} />
                  </Td>
                  <Td>
                    <Button
                      size="small"
                      disabled={source.state !== 'active'}
                      aria-label={t('followThis', { name: source.name })}
                      onClick={() => onFollow(source.id)}
                    >
                      {t('follow')}
                    </Button>
                  </Td>
                </tr>
              ))}
            </Table>
          )
        }
      </PagesView>
    </Panel>
  )
}
