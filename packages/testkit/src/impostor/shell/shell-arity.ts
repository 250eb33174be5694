/** How many words name a command that is more than its first one; the server's own table. */
const arities: Readonly<Record<string, number>> = Object.fromEntries(
  [
    '2 bazel brew bun cargo cdk cf cmake composer consul crictl deno docker eksctl firebase flyctl git go gradle helm',
    '2 heroku hugo ip kind kubectl kustomize make mc minikube mongosh mysql mvn ng npm nvm nx openssl pip pipenv pnpm',
    '2 poetry podman psql pulumi pyenv python rake rbenv redis-cli rustup serverless skaffold sls sst swift systemctl',
    '2 terraform tmux turbo ufw vault vercel volta wp yarn',
    '3 aws az doctl gcloud gh sfdx bun/run bun/x cargo/add cargo/run consul/kv deno/task docker/builder docker/compose',
    '3 docker/container docker/image docker/network docker/volume eksctl/create git/config git/remote git/stash ip/addr',
    '3 ip/link ip/netns ip/route kind/create kubectl/kustomize kubectl/rollout mc/admin npm/exec npm/init npm/run npm/view',
    '3 openssl/req openssl/x509 pnpm/dlx pnpm/exec pnpm/run podman/container podman/image pulumi/stack',
    '3 terraform/workspace vault/auth vault/kv yarn/dlx yarn/run',
  ].flatMap((line) => {
    const [count, ...names] = line.split(' ')
    return names.map((name): [string, number] => [name.replace('/', ' '), Number(count)])
  }),
)

/** The words that name a command: what `always` allows. */
export function nameOfCommand(words: readonly string[]): string {
  for (let length = words.length; length > 0; length -= 1) {
    const arity = arities[words.slice(0, length).join(' ')]
    if (arity !== undefined) return words.slice(0, arity).join(' ')
  }
  return words.slice(0, 1).join(' ')
}
