// SPDX-License-Identifier: GPL-2.0-or-later
/* Addresses and Host headers: loopback only. */
#include "http/address.h"

#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <string.h>
#include <strings.h>

#include "base/mem.h"

#define EXPECTED "expected a loopback address and a port, like 127.0.0.1:9191 or [::1]:9191"

/* 0 to 65535 in digits, and nothing else. */
static bool parse_port(const char *text, in_port_t *ret_port)
{
	unsigned int port = 0;
	size_t digits = strspn(text, "0123456789");

	if (!digits || digits > 5 || text[digits])
		return false;
	for (size_t i = 0; i < digits; i++)
		port = port * 10 + (unsigned int)(text[i] - '0');
	*ret_port = htons((in_port_t)port);
	return port <= 65535;
}

/* Splits "HOST:PORT" or "[HOST]:PORT"; port is NULL where there is none. */
static bool split(const char *text, char *host, size_t size, const char **ret_port)
{
	bool bracket = *text == '[';
	const char *begin = text + bracket, *end = begin + strcspn(begin, bracket ? "]" : ":");
	size_t length = (size_t)(end - begin);

	if (length >= size || !length || (bracket && *end != ']'))
		return false;
	memcpy(host, begin, length);
	host[length] = '\0';
	end += bracket;
	*ret_port = *end == ':' ? end + 1 : NULL;
	return *end == ':' || !*end;
}

/* IPv6 stands in brackets, so that a colon is never a question. */
static bool parse_host(const char *host, bool bracket, struct sockaddr_storage *ret_address)
{
	struct sockaddr_in *in = (struct sockaddr_in *)ret_address;
	struct sockaddr_in6 *in6 = (struct sockaddr_in6 *)ret_address;

	*ret_address = (struct sockaddr_storage){ .ss_family = bracket ? AF_INET6 : AF_INET };
	if (bracket)
		return inet_pton(AF_INET6, host, &in6->sin6_addr) == 1;
	if (!strcasecmp(host, "localhost"))
		host = "127.0.0.1";
	return inet_pton(AF_INET, host, &in->sin_addr) == 1;
}

static bool is_loopback(const struct sockaddr_storage *address)
{
	const struct sockaddr_in *in = (const struct sockaddr_in *)address;
	const struct sockaddr_in6 *in6 = (const struct sockaddr_in6 *)address;

	return address->ss_family == AF_INET ? ntohl(in->sin_addr.s_addr) >> 24 == 127
					     : IN6_IS_ADDR_LOOPBACK(&in6->sin6_addr) != 0;
}

int http_address_parse(const char *text, struct sockaddr_storage *ret_address, socklen_t *ret_size,
		       struct err *err)
{
	struct sockaddr_storage address;
	char host[INET6_ADDRSTRLEN];
	const char *port_text = NULL;
	in_port_t port;

	if (!split(text, host, sizeof(host), &port_text) || !port_text ||
	    !parse_port(port_text, &port) || !parse_host(host, *text == '[', &address))
		return err_set(err, -EINVAL, "http: found \"%.80s\", " EXPECTED, text);
	if (!is_loopback(&address))
		return err_set(err, -EINVAL,
			       "http: %.80s can be reached by others, and whoever reaches it may "
			       "read all results: " EXPECTED,
			       text);
	if (address.ss_family == AF_INET)
		((struct sockaddr_in *)&address)->sin_port = port;
	else
		((struct sockaddr_in6 *)&address)->sin6_port = port;
	*ret_address = address;
	*ret_size = address.ss_family == AF_INET ? sizeof(struct sockaddr_in)
						 : sizeof(struct sockaddr_in6);
	return 0;
}

char *http_address_text(const struct sockaddr_storage *address)
{
	const struct sockaddr_in *in = (const struct sockaddr_in *)address;
	const struct sockaddr_in6 *in6 = (const struct sockaddr_in6 *)address;
	char host[INET6_ADDRSTRLEN] = "";

	if (address->ss_family == AF_INET) {
		inet_ntop(AF_INET, &in->sin_addr, host, sizeof(host));
		return mem_printf("%s:%u", host, ntohs(in->sin_port));
	}
	inet_ntop(AF_INET6, &in6->sin6_addr, host, sizeof(host));
	return mem_printf("[%s]:%u", host, ntohs(in6->sin6_port));
}

bool http_address_is_host(const char *text)
{
	struct sockaddr_storage address;
	char host[INET6_ADDRSTRLEN];
	const char *port_text = NULL;
	in_port_t port;

	return split(text, host, sizeof(host), &port_text) &&
	       (!port_text || parse_port(port_text, &port)) &&
	       parse_host(host, *text == '[', &address) && is_loopback(&address);
}
