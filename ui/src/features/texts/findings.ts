/** Findings as editor diagnostics: the server's with line and column, and YAML errors at once while typing. */
import type { Diagnostic } from '@codemirror/lint'
import type { Text } from '@codemirror/state'
import { parseDocument } from 'yaml'
import type { Finding } from '@/api/types'

/** Position of a finding; a line that no longer exists is the last one. */
export function spanOf(doc: Text, finding: Finding): { from: number; to: number } {
  const line = doc.line(Math.min(Math.max(1, finding.line ?? 1), doc.lines))
  const indent = line.text.length - line.text.trimStart().length
  const column = finding.column ? Math.min(finding.column - 1, line.length) : indent
  const word = /^[^\s:,{}[\]]+/.exec(line.text.slice(column))?.[0].length ?? 0
  const from = line.from + column
  return { from, to: Math.max(from, word ? from + word : line.to) }
}

export function diagnosticsOf(doc: Text, findings: Finding[]): Diagnostic[] {
  return findings.map((finding) => ({
    ...spanOf(doc, finding),
    severity: finding.severity,
    message: finding.hint ? `${finding.message}\n${finding.hint}` : finding.message,
    source: finding.code,
  }))
}

export function syntaxDiagnostics(text: string): Diagnostic[] {
  return parseDocument(text, { prettyErrors: false, strict: true, uniqueKeys: true }).errors.map((error) => ({
    from: Math.min(error.pos[0], text.length),
    to: Math.min(Math.max(error.pos[1], error.pos[0]), text.length),
    severity: 'error' as const,
    message: error.message,
    source: error.code,
  }))
}
