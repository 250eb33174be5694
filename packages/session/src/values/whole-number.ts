/** A whole number as databases write it; `01` and `+1` are texts. */
export const wholeNumber: RegExp = /^-?(?:0|[1-9]\d*)$/
