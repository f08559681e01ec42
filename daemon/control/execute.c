// SPDX-License-Identifier: GPL-2.0-or-later
/* The commands that are about the connection, and about the campaign in progress. */
#include "control/execute.h"

#include <errno.h>
#include <string.h>

#include "control/arguments.h"
#include "control/client.h"
#include "control/command.h"
#include "control/service.h"

int execute_capabilities(struct client *client, json_t *arguments, json_t **ret_value,
			 struct err *err)
{
	if (json_array_size(json_object_get(arguments, "enable")))
		return err_set(err, -EINVAL, "enable: there are no capabilities");
	client_set_negotiated(client);
	*ret_value = json_object();
	return 0;
}

int execute_subscribe(struct client *client, json_t *arguments, json_t **ret_value, struct err *err)
{
	(void)err;
	client_subscribe(client, !json_is_false(json_object_get(arguments, "enable")));
	*ret_value = json_object();
	return 0;
}

int execute_status(struct client *client, json_t *arguments, json_t **ret_value, struct err *err)
{
	(void)arguments;
	(void)err;
	*ret_value = service_status(client_control(client), true);
	return 0;
}

int execute_release(struct client *client, json_t *arguments, json_t **ret_value, struct err *err)
{
	json_t *incident = json_object_get(arguments, "incident");
	bool all = json_is_true(json_object_get(arguments, "all"));

	if (all ? incident != NULL : json_integer_value(incident) < 1)
		return err_set(err, -EINVAL,
			       "release: expected either an incident above 0 or \"all\": true");
	return service_release(client_control(client), json_integer_value(incident), ret_value,
			       err);
}

int execute_pause(struct client *client, json_t *arguments, json_t **ret_value, struct err *err)
{
	struct control *control = client_control(client);

	(void)arguments;
	(void)err;
	control_pause(control, PAUSE_USER, "by a user");
	*ret_value = json_pack("{s:o}", "campaign", service_campaign_or_null(control));
	return 0;
}

int execute_resume(struct client *client, json_t *arguments, json_t **ret_value, struct err *err)
{
	json_t *campaign = json_object_get(arguments, "campaign");

	if (campaign && json_integer_value(campaign) < 1)
		return err_set(err, -EINVAL, "campaign: expected an id above 0");
	return service_resume(client_control(client), json_integer_value(campaign), ret_value, err);
}

int execute_run(struct client *client, json_t *arguments, json_t **ret_value, struct err *err)
{
	struct profile *profile;
	int r = arguments_profile(arguments, &profile, err);

	return r < 0 ? r : service_run(client_control(client), profile, arguments, ret_value, err);
}

int execute_stop(struct client *client, json_t *arguments, json_t **ret_value, struct err *err)
{
	json_t *value = json_object_get(arguments, "mode");
	const char *mode = value ? json_string_value(value) : "kill";
	json_t *campaign = json_object_get(arguments, "campaign");
	struct control *control = client_control(client);
	bool drain = !strcmp(mode, "drain");

	if (!drain && strcmp(mode, "kill"))
		return err_set(err, -EINVAL, "mode: expected \"drain\" or \"kill\"");
	/* Somebody else's may have begun since. */
	if (campaign && json_integer_value(campaign) != service_campaign(control))
		return err_set(err, -ESRCH, "campaign %lld is not in progress",
			       (long long)json_integer_value(campaign));
	*ret_value = service_stop(control, drain ? SLOT_DRAIN : SLOT_KILL);
	return 0;
}
