// SPDX-License-Identifier: GPL-2.0-or-later
/* qsoak: the client. */
#include <errno.h>
#include <signal.h>
#include <stdio.h>

#include "base/mem.h"
#include "cli/link.h"
#include "cli/options.h"
#include "control/address.h"
#include "report/text.h"

int cli_error(const struct err *err)
{
	/* It may quote a peer. */
	auto_free char *text = text_printable(err->text);

	fprintf(stderr, "qsoak: %s\n", text);
	return err->code == -EINVAL ? EXIT_USAGE : EXIT_HOST;
}

char *cli_state(const struct cli *cli)
{
	return cli->state ? mem_strdup(cli->state) : address_private_state();
}

char *cli_where(const struct cli *cli)
{
	const char *given = cli->socket ? cli->socket : cli->state;
	/* It may be typed elsewhere. */
	auto_free char *path = given ? realpath(given, NULL) : NULL;
	auto_free char *word = given ? text_word(path ? path : given) : NULL;

	if (word)
		return mem_printf(" --%s %s", cli->socket ? "socket" : "state-dir", word);
	return mem_strdup(cli->local ? " --local" : "");
}

int cli_wait(const struct cli *cli, int64_t *ret_wait_ns, struct err *err)
{
	bool private = cli->local || cli->state;

	if (private && cli->wait_ns >= 0)
		return err_set(err, -EINVAL, "--wait and --%s exclude each other",
			       cli->state ? "state-dir" : "local");
	*ret_wait_ns = private ? 0 : cli->wait_ns >= 0 ? cli->wait_ns : LINK_RETURN_LIMIT_NS;
	return 0;
}

int main(int argc, char **argv)
{
	auto_json json_t *overrides = json_object(), *registered = json_array();
	struct cli cli = { .overrides = overrides, .registered = registered, .wait_ns = -1 };
	int (*run)(const struct cli *cli) = NULL;
	int code;

	/* Inherited as ignored, it would take qsoakd's exit code away. */
	signal(SIGCHLD, SIG_DFL);
	code = options_parse(argc, argv, &cli, &run);
	return code >= 0 ? code : run(&cli);
}
