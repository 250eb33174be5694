import { createRoot } from 'react-dom/client'
import { Chat } from './chat.js'
import { chatApi } from './chat-api.js'

const place = document.getElementById('page')
const api = chatApi(location.pathname.split('/')[2] ?? '')
if (place !== null) createRoot(place).render(<Chat api={api} messages={await api.messages()} />)
