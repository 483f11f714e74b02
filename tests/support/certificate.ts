/**
 * A certificate for `localhost`, `127.0.0.1` and `::1`, its private key, and its authority, for tests only. They end in
 * the year 2126. The key of the authority was thrown away. They were made with:
 *
 * ```sh
 * openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes -days 36500 \
 *   -subj "/CN=luge test authority" -addext "basicConstraints=critical,CA:TRUE" \
 *   -addext "keyUsage=critical,keyCertSign" -keyout ca.key -out ca.pem
 * openssl req -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes -subj "/CN=localhost" \
 *   -keyout key.pem -out request.pem
 * printf 'subjectAltName=DNS:localhost,IP:127.0.0.1,IP:::1\nbasicConstraints=critical,CA:FALSE\nextendedKeyUsage=serverAuth' > extensions
 * openssl x509 -req -in request.pem -CA ca.pem -CAkey ca.key -set_serial 1 -days 36500 \
 *   -extfile extensions -out cert.pem
 * ```
 *
 * @module
 */

/** The authority. */
export const AUTHORITY = `-----BEGIN CERTIFICATE-----
MIIBpDCCAUmgAwIBAgIUY2xPNhHxiQ2Rk7YAiC/65YRoNUkwCgYIKoZIzj0EAwIw
HjEcMBoGA1UEAwwTbHVnZSB0ZXN0IGF1dGhvcml0eTAgFw0yNjExMjgxNTU3MTVa
GA8yMTI2MTEwNDE1NTcxNVowHjEcMBoGA1UEAwwTbHVnZSB0ZXN0IGF1dGhvcml0
eTBZMBMGByqGSM49AgEGCCqGSM49AwEHA0IABMJ153nTukURqSuGjCvMcLi6WomU
K/kbTPwlxvcJlwZh0TsJUJ4Jnd1nwshUSqcANuECFvVAPyszNKg9zLbApyajYzBh
MB0GA1UdDgQWBBRyGxR41HDGhWjEZfAmLGsi7YwY9jAfBgNVHSMEGDAWgBRyGxR4
1HDGhWjEZfAmLGsi7YwY9jAPBgNVHRMBAf8EBTADAQH/MA4GA1UdDwEB/wQEAwIC
BDAKBggqhkjOPQQDAgNJADBGAiEA41Qn0Yl/34t47VJ65+b+bN4sFN22iBJdGYMS
rUjC7mACIQDAjMMR81i1pShD3B+R4nl1P1dm/B2qOul7snYFR15alw==
-----END CERTIFICATE-----
`;

/** Another authority, which has nothing to do with the certificate. */
export const OTHER_AUTHORITY = `-----BEGIN CERTIFICATE-----
MIIBjzCCATWgAwIBAgIUd1TWdCK62Z4dP9eTeVjFxhyuniQwCgYIKoZIzj0EAwIw
HDEaMBgGA1UEAwwRYW5vdGhlciBhdXRob3JpdHkwIBcNMjYxMTI4MTU1NzE1WhgP
MjEyNjExMDQxNTU3MTVaMBwxGjAYBgNVBAMMEWFub3RoZXIgYXV0aG9yaXR5MFkw
EwYHKoZIzj0CAQYIKoZIzj0DAQcDQgAEMGFxMdjsae/wTDUlZPzEw4kKur9bVszD
0jUVv2hCpjz5pLXaMCLCdTqif9Z87HcvzH+m1D+Yr8aIUfkUAYKXlKNTMFEwHQYD
VR0OBBYEFGIdGsk5jatvqNZKgnYaF9YrJi0zMB8GA1UdIwQYMBaAFGIdGsk5jatv
qNZKgnYaF9YrJi0zMA8GA1UdEwEB/wQFMAMBAf8wCgYIKoZIzj0EAwIDSAAwRQIh
APNAIpTVdIp9OogXSlJ0Ku9tMwDSHRiGPkN2sxrEdwh0AiAOQdDj8yeb4vkoJaK/
S7lQbvhF1eE+chYnojJyOGunOA==
-----END CERTIFICATE-----
`;

/** The certificate. */
export const CERTIFICATE = `-----BEGIN CERTIFICATE-----
MIIBuTCCAV6gAwIBAgIBATAKBggqhkjOPQQDAjAeMRwwGgYDVQQDDBNsdWdlIHRl
c3QgYXV0aG9yaXR5MCAXDTI2MTEyODE1NTcxNVoYDzIxMjYxMTA0MTU1NzE1WjAU
MRIwEAYDVQQDDAlsb2NhbGhvc3QwWTATBgcqhkjOPQIBBggqhkjOPQMBBwNCAATe
OnKZZFtejI7BKn2RbrXjFyx9WX+HKyHP5/SaO6JJ+g0t187YorChiLT88MdLkeFW
j20HG3nvgzc1FfpmnAVMo4GUMIGRMCwGA1UdEQQlMCOCCWxvY2FsaG9zdIcEfwAA
AYcQAAAAAAAAAAAAAAAAAAAAATAMBgNVHRMBAf8EAjAAMBMGA1UdJQQMMAoGCCsG
AQUFBwMBMB0GA1UdDgQWBBRPVM1QlwiTflvfunf22QBrf7bdtjAfBgNVHSMEGDAW
gBRyGxR41HDGhWjEZfAmLGsi7YwY9jAKBggqhkjOPQQDAgNJADBGAiEA7Z9zRqeY
z7vmhYoRwFHyHYCN6mxuYAUwDvhb485JoggCIQCxhZOsjZBU2ZWCY1F6tezjRbBF
QuXq/ebQBnG6tztw2Q==
-----END CERTIFICATE-----
`;

/** Its private key. */
export const KEY = `-----BEGIN PRIVATE KEY-----
MIGHAgEAMBMGByqGSM49AgEGCCqGSM49AwEHBG0wawIBAQQgxIlF84lrwb9Bi3FQ
6i0u5Aoaer/Fhw1bpoyZWWrF2IqhRANCAATeOnKZZFtejI7BKn2RbrXjFyx9WX+H
KyHP5/SaO6JJ+g0t187YorChiLT88MdLkeFWj20HG3nvgzc1FfpmnAVM
-----END PRIVATE KEY-----
`;
