/** Sends the first message of a conversation, as a browser does, and again where the application was not there. */
const home = `http://127.0.0.1:${process.env.PORT}`

async function isStored() {
  const page = await fetch(`${home}/conversations/1`).catch(() => null)
  return page?.status === 200
}

async function send() {
  const response = await fetch(`${home}/conversations`, {
    method: 'POST',
    headers: { 'sec-fetch-site': 'same-origin' },
    body: new URLSearchParams({ prompt: 'Say something' }),
    redirect: 'manual',
  }).catch(() => null)
  return response?.status === 303
}

// A message whose answer was lost may be there: a person would look before sending it again.
while (!(await isStored()) && !(await send())) {
  await new Promise((resolve) => setTimeout(resolve, 50))
}
