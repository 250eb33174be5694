// Files that go with a message: picked, dropped or pasted.
import { sayProblem } from './composer.js'

const form = () => document.getElementById('composer')
const input = () => form()?.querySelector('input[type="file"]')

/** What is to be sent by each form: a browser forgets what was picked before. */
const kept = new WeakMap()
export const attached = () => kept.get(form()) ?? []

/** Files that are added come beside those that are there; the limits are said before anything is sent. */
function add(more) {
  const { maxFiles, maxBytes } = form().dataset
  const files = [...attached()]
  const problems = []
  for (const file of more) {
    if (file.size > Number(maxBytes)) {
      problems.push(`“${file.name}” has more than ${Number(maxBytes) / 1e6} MB.`)
    } else if (files.length >= Number(maxFiles)) {
      problems.push(`At most ${maxFiles} files go with a message.`)
      break
    } else files.push(file)
  }
  take(files)
  sayProblem(problems.join(' '))
}

function take(files) {
  const all = new DataTransfer()
  for (const file of files) all.items.add(file)
  input().files = all.files
  kept.set(form(), files)
  show(files)
}

function show(files) {
  const list = document.getElementById('attached')
  list.replaceChildren(...files.map(chip))
  list.hidden = files.length === 0
}

function chip(file, index) {
  const item = document.createElement('li')
  const name = document.createElement('span')
  name.textContent = `${file.name} · ${sizeOf(file.size)}`
  const remove = document.createElement('button')
  remove.type = 'button'
  remove.setAttribute('aria-label', `Remove ${file.name}`)
  remove.textContent = '✕'
  remove.addEventListener('click', () => {
    take(attached().filter((_file, at) => at !== index))
    document.getElementById('prompt').focus()
  })
  item.append(...pictureOf(file), name, remove)
  return item
}

/** A larger one would make the page slow, for a thumbnail. */
const largestPicture = 4e6

function pictureOf(file) {
  if (!/^image\/(?:png|jpeg|gif|webp|avif)$/.test(file.type) || file.size > largestPicture)
    return []
  const picture = document.createElement('img')
  picture.alt = ''
  const reader = new FileReader()
  reader.addEventListener('load', () => (picture.src = reader.result))
  reader.readAsDataURL(file)
  return [picture]
}

function sizeOf(bytes) {
  if (bytes < 1_000) return `${bytes} B`
  return bytes < 1e6 ? `${Math.round(bytes / 1e3)} kB` : `${(bytes / 1e6).toFixed(1)} MB`
}

document.addEventListener('change', ({ target }) => {
  if (target === input()) add([...target.files])
})

document.addEventListener('paste', (event) => {
  const files = [...(event.clipboardData?.files ?? [])]
  if (files.length === 0 || event.target.id !== 'prompt') return
  event.preventDefault()
  add(files)
})

const holdsFiles = (event) => form() && event.dataTransfer?.types.includes('Files')

document.addEventListener('dragover', (event) => {
  if (!holdsFiles(event)) return
  event.preventDefault()
  form().dataset.dragging = ''
})

document.addEventListener('dragleave', (event) => {
  if (event.relatedTarget === null && form()) delete form().dataset.dragging
})

document.addEventListener('drop', (event) => {
  if (!holdsFiles(event)) return
  event.preventDefault()
  delete form().dataset.dragging
  add([...event.dataTransfer.files])
  document.getElementById('prompt').focus()
})

document.addEventListener('chat:sent', () => take([]))

// A page that is gone back to is a copy: what is attached is what its form says.
document.addEventListener('turbo:load', () => {
  if (form() && !kept.has(form())) take([...input().files])
})
