// An empty answer is refused here already; the server refuses it as well. What was typed stays.
document.addEventListener(
  'submit',
  (event) => {
    const { target, submitter } = event
    if (!target.matches('form[data-ask]') || submitter?.value !== 'yes') return
    const empty = [...target.querySelectorAll('[data-question]')].find((question) => {
      const words = question.querySelector('input[type="text"]')
      return !question.querySelector(':checked') && (words?.value ?? '').trim() === ''
    })
    const problem = target.querySelector('.problem')
    if (!empty) {
      problem.textContent = ''
      return
    }
    event.preventDefault()
    event.stopImmediatePropagation()
    problem.textContent = 'Choose an answer first.'
    empty.querySelector('input')?.focus()
  },
  { capture: true },
)
