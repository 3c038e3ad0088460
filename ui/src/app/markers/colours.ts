/** Colours of markers: readable as a line in a chart on dark and on light ground. */
export const MARKER_COLOURS = ['#3b9cd9', '#2f9e6e', '#c98500', '#d9534f', '#9a6dd7', '#7d8b99'] as const
