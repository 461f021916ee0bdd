/** Text of a CSV file as spreadsheets in Korea save it: UTF-8, with or without a mark, else the Windows code page (CP949). */
export function csvText(bytes: ArrayBuffer): string {
  try {
    return new TextDecoder('utf-8', { fatal: true }).decode(bytes)
  } catch (problem) {
    if (!(problem instanceof TypeError)) throw problem
    return new TextDecoder('euc-kr').decode(bytes)
  }
}
