/** Looks of a text diff: added and removed lines differ in sign, line and colour. */
import { EditorState, type Extension } from '@codemirror/state'
import { EditorView } from '@codemirror/view'
import { t } from './messages'

export const collapseUnchanged = { margin: 3, minSize: 6 }

export const phrases = (): Extension => EditorState.phrases.of({ '$ unchanged lines': t('unchanged', { n: '$' }) })

const GONE = 'color-mix(in srgb, var(--bad) 13%, transparent)'
const NEW = 'color-mix(in srgb, var(--ok) 13%, transparent)'

export const diffLook = EditorView.theme({
  '&': { height: 'auto' },
  '& .cm-scroller': { overflow: 'auto', fontSize: '12px', lineHeight: '1.55' },
  '&.cm-merge-a .cm-line.cm-changedLine, & .cm-deletedChunk': { backgroundColor: GONE, boxShadow: 'inset 3px 0 var(--bad)' },
  '&:not(.cm-merge-a) .cm-line.cm-changedLine, &:not(.cm-merge-a) .cm-line.cm-insertedLine': { backgroundColor: NEW, boxShadow: 'inset 3px 0 var(--ok)' },
  '&.cm-merge-a .cm-changedText, & .cm-deletedChunk .cm-deletedText': { background: 'color-mix(in srgb, var(--bad) 30%, transparent)', textDecoration: 'line-through' },
  '&.cm-merge-b .cm-changedText': { background: 'color-mix(in srgb, var(--ok) 28%, transparent)', textDecoration: 'none' },
  '& .cm-deletedText, & .cm-deletedText *, & .cm-changedText, & .cm-changedText *, & .cm-changedLine > span': { color: 'var(--text)' },
  '& .cm-deletedLine, & .cm-deletedLine del, & .cm-insertedLine': { textDecoration: 'none' },
  '& ins.cm-insertedLine, & del': { background: 'none' },
  '& .cm-deletedChunk .cm-deletedLine::before, &.cm-merge-a .cm-line.cm-changedLine::before': { content: '"− "', color: 'var(--bad)' },
  '&:not(.cm-merge-a) .cm-line.cm-changedLine::before, &:not(.cm-merge-a) .cm-line.cm-insertedLine::before': { content: '"+ "', color: 'var(--ok)' },
  '& .cm-changeGutter': { width: '3px', paddingLeft: '0' },
  '& .cm-changedLineGutter, & .cm-deletedLineGutter': { background: 'transparent' },
  '& .cm-collapsedLines': { background: 'var(--panel-2)', color: 'var(--text-2)', padding: '2px 8px', fontFamily: 'var(--font)', fontSize: '12px' },
  '& .cm-activeLine, & .cm-activeLineGutter': { backgroundColor: 'transparent' },
})
