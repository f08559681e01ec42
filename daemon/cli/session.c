// SPDX-License-Identifier: GPL-2.0-or-later
/* Starting, following and ending campaigns. */
#include "cli/session.h"

#include <errno.h>
#include <inttypes.h>

#include "base/mem.h"
#include "cli/follow.h"
#include "cli/local.h"
#include "report/field.h"
#include "report/text.h"

struct session {
	struct source source; /* with the link; its state is ours */
	char *where, *state;
	bool begun;	    /* a campaign, so that qsoakd had started */
	struct local local; /* where there is a state */
};

static int open_private(struct session *session, const struct cli *cli, struct err *err)
{
	int fd, r;

	session->state = cli_state(cli);
	r = local_start(session->state, cli->verbose, &session->local, &fd, err);
	if (r == 0)
		session->source.link = link_new(fd);
	return r;
}

static int open_service(struct session *session, const struct cli *cli, struct err *err)
{
	int r = link_open(cli->socket, &session->source.link, err);

	if (r == -ECONNREFUSED) {
		struct err why = *err;

		err_set(err, r, "%s, or run a private one with --local", why.text);
	}
	return r;
}

int session_open(const struct cli *cli, struct session **ret_session, struct err *err)
{
	struct session *session = mem_new(struct session);
	int r = cli_wait(cli, &session->source.wait_ns, err);

	session->where = cli_where(cli);
	if (r == 0)
		r = cli->local || cli->state ? open_private(session, cli, err)
					     : open_service(session, cli, err);
	if (r < 0) {
		free(session->where);
		free(session->state);
		free(session);
		return r;
	}
	*ret_session = session;
	return 0;
}

int session_start(struct session *session, const char *command, json_t *arguments,
		  json_t **ret_started, struct err *err)
{
	int r = link_call(session->source.link, command, arguments, ret_started, err);

	/* Twice would be one too many. */
	if (r < 0 && !session->state && link_lost(session->source.link)) {
		struct err why = *err;

		err_set(err, r,
			"%s; whether a campaign has begun is not known: see `qsoak status%s`",
			why.text, session->where);
	}
	return r;
}

/* Returns 1 where the user has left before. */
static int start_and_follow(struct session *session, struct follower *follower, const char *command,
			    json_t *arguments, struct session_campaign *ret_campaign,
			    struct err *err)
{
	auto_json json_t *started = NULL;
	const char *seed;
	int r;

	if (follow_interrupted(follower))
		return 1;
	r = session_start(session, command, json_incref(arguments), &started, err);
	if (r < 0)
		return r;
	session->begun = true;
	seed = text_or_dash(field_text(started, "seed"));
	ret_campaign->id = field_integer(started, "campaign");
	fprintf(stderr, "campaign %" PRId64 ", seed %s, results %s%s\n", ret_campaign->id, seed,
		session->state ? "below " : "with the service",
		session->state ? session->state : "");
	return follow(follower, ret_campaign->id, seed, &ret_campaign->code, err);
}

int session_run(struct session *session, const char *command, json_t *arguments, bool search,
		struct session_campaign *ret_campaign, struct err *err)
{
	auto_json json_t *owned = arguments;
	struct follow_spec spec = {
		.link = session->source.link,
		.where = session->where,
		.on_interrupt = FOLLOW_STOPS,
		.state = session->state,
		.wait_ns = session->source.wait_ns,
		.search = search,
	};
	struct follower *follower = NULL;
	int r;

	*ret_campaign = (struct session_campaign){ .code = EXIT_INTERRUPTED };
	r = follow_begin(&spec, &follower, err);
	if (r == 0)
		r = start_and_follow(session, follower, command, owned, ret_campaign, err);
	follow_end(follower);
	return r == -EINTR ? 1 : r;
}

int session_end(struct session *session, int r, const struct err *err)
{
	bool begun = session && session->begun;
	int daemon_code = session_close(session);

	if (r == 1)
		return EXIT_INTERRUPTED;
	/* A qsoakd that could not start has said why. */
	if (r == -EPIPE && !begun && daemon_code > 0)
		return daemon_code;
	return r < 0 ? cli_error(err) : -1;
}

struct source *session_source(struct session *session)
{
	return &session->source;
}

const char *session_state(const struct session *session)
{
	return session->state;
}

int session_close(struct session *session)
{
	int code = EXIT_CLEAN;

	if (!session)
		return code;
	source_close(&session->source);
	if (session->state)
		code = local_finish(&session->local);
	free(session->where);
	free(session->state);
	free(session);
	return code;
}
