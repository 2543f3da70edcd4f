namespace MeteringGateway.Cluster;

internal static partial class Scripts
{
    /// <summary>
    /// Lua: digests of what no journal vouches for (<c>docs/journal.md</c>), by the one hash that scripts of Redis
    /// have. Programs of before there were any write beside these: so each says of which state it is, or its row has a
    /// form that they do not give it, and what they wrote last is told from what was changed.
    /// </summary>
    private const string Seals = """
        -- Of each value its length and its bytes; one that is not there is no empty text.
        local function seal(...)
          local text = {}
          for i = 1, select('#', ...) do
            local one = select(i, ...)
            text[i] = one and #one .. ':' .. one or '-'
          end
          return string.sub(redis.sha1hex(table.concat(text, ',')), 1, 16)
        end

        -- A digest that lies apart from what it is of: what that is, the digest, and of which state; sealed itself.
        local function keep(what, digest, state) return seal(what, digest, state) .. digest .. state end

        -- The digest and the state; nothing where it is not what was written.
        local function kept(what, value)
          local own, digest, state = string.sub(value, 1, 16), string.sub(value, 17, 32), string.sub(value, 33)
          if own == seal(what, digest, state) then return digest, state end
        end

        -- Has always 19 digits, as no program of before writes it.
        local function padded(number) return string.rep('0', 19 - #number) .. number end

        -- A time with a fraction that vouches for it, as whoever reads it only calculates with it.
        local function seen(cluster, now)
          local time = string.format('%.0f', now)
          return time .. string.format('.%08d', tonumber(string.sub(seal(cluster, time), 1, 6), 16))
        end

        """;

    /// <summary>
    /// Lua: whether a webhook is as it was written. A program of before there were seals writes a version, and no seal
    /// of it.
    /// </summary>
    private const string WholeWebhook = """
        local function is_followed(version)
          local name, number = string.match(version, '^(.*[^%d])(%d+)$')
          return redis.call('HEXISTS', ARGV[1] .. ':versions', name .. string.format('%.0f', number + 1)) == 1
        end

        local function is_whole_webhook(id, content)
          local which = 'webhook:' .. id
          local value = redis.call('HGET', ARGV[1] .. ':seals', which)
          if not value then return content ~= false end
          local digest, version = kept(which, value)
          return version ~= nil and (is_followed(version) or content ~= false and digest == seal(content))
        end

        """;

    /// <summary>ARGV: prefix. Answers of each webhook its id, what it is, and 1 if that is as it was written.</summary>
    public const string Webhooks = ReadsOnly + Seals + WholeWebhook + """
        local all, answer = redis.call('HGETALL', ARGV[1] .. ':webhooks'), {}
        for i = 1, #all, 2 do
          answer[#answer + 1] = all[i]
          answer[#answer + 1] = all[i + 1]
          answer[#answer + 1] = is_whole_webhook(all[i], all[i + 1]) and 1 or 0
        end
        return answer
        """;
}
