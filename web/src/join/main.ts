/** Start of the customer page's script (no framework, no dependencies). */

import { followStatus, scheduleHelp, tidyNumberInputs } from './page'

function start(): void {
  tidyNumberInputs(document)
  const callOff = scheduleHelp(document)
  const url = document.body.dataset.statusUrl
  if (url) followStatus(document, url, callOff)
}

if (document.readyState === 'loading') document.addEventListener('DOMContentLoaded', start)
else start()
