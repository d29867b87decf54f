"""Secrets do not leave in published text."""

import json
import re
import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from processor.records.redact import MARK, Redactor

# The text, and what is published of it with X for the mark.
FORMS = [
    ("app --password hunter2 -v", "app --password X -v"),
    ("app --db-password hunter2 -v", "app --db-password X -v"),
    ("app /password:hunter2", "app /password:X"),
    ('app --token="a b" x', "app --token=X x"),
    ("app --password 'a b' x", "app --password X x"),
    ("set DB_PASSWORD=hunter2&&run", "set DB_PASSWORD=X&&run"),
    ("Server=x;User Id=sa;Password=hunter2;Encrypt=yes", "Server=x;User Id=sa;Password=X;Encrypt=yes"),
    ("Server=x;Pwd=hunter2;", "Server=x;Pwd=X;"),
    ("DefaultEndpoints;AccountKey=abc/+d==;x", "DefaultEndpoints;AccountKey=X;x"),
    ("az storage --account-key abc== -n x", "az storage --account-key X -n x"),
    ("https://a.blob.example/?sv=1&sig=ab%2Fc&se=2", "https://a.blob.example/?sv=1&sig=X&se=2"),
    ("curl -H 'Authorization: Bearer abcdefghijk'", "curl -H 'Authorization: Bearer X'"),
    ("curl -H 'Authorization: Basic YWxhZGRpbjpvcGVu'", "curl -H 'Authorization: Basic X'"),
    ("curl -s -u bob:hunter2 https://x.example", "curl -s -u bob:X https://x.example"),
    ("git clone https://me:pass@example.com/x", "git clone https://me:X@example.com/x"),
    ("psexec.exe \\\\h -u CORP\\bob -p hunter2 cmd", "psexec.exe \\\\h -u CORP\\bob -p X cmd"),
    ('"C:\\t\\PsExec64.exe" \\\\h -u bob -p "a b" cmd', '"C:\\t\\PsExec64.exe" \\\\h -u bob -p X cmd'),
    ("sshpass -p hunter2 ssh -p 22 h", "sshpass -p X ssh -p 22 h"),
    ("plink -ssh bob@h -pw hunter2 id", "plink -ssh bob@h -pw X id"),
    ("docker login -u bob -p hunter2 r.example", "docker login -u bob -p X r.example"),
    ("schtasks /create /s h /u bob /p hunter2 /tn x", "schtasks /create /s h /u bob /p X /tn x"),
    ("schtasks /create /ru bob /rp hunter2 /tn x", "schtasks /create /ru bob /rp X /tn x"),
    ("mysqldump -u root -phunter2 db", "mysqldump -u root -pX db"),
    ("7z a -phunter2 x.7z y", "7z a -pX x.7z y"),
    ("rar a -hphunter2 x.rar y", "rar a -hpX x.rar y"),
    ("net user bob hunter2 /add", "net user bob X /add"),
    ("net.exe use Z: \\\\h\\share hunter2 /user:bob", "net.exe use Z: \\\\h\\share X /user:bob"),
    ("xfreerdp /v:h /u:bob /p:hunter2", "xfreerdp /v:h /u:bob /p:X"),
    ("winrs -r:h -u:bob -p:hunter2 cmd", "winrs -r:h -u:bob -p:X cmd"),
    ("cmdkey /add:h /user:bob /pass:hunter2", "cmdkey /add:h /user:bob /pass:X"),
    ("smbclient //h/c -U bob%hunter2", "smbclient //h/c -U bob%X"),
    ("python wmiexec.py CORP/bob:hunter2@10.0.0.1", "python wmiexec.py CORP/bob:X@10.0.0.1"),
    ("ldapsearch -x -D cn=a -w hunter2 -b dc=x", "ldapsearch -x -D cn=a -w X -b dc=x"),
    ("redis-cli -h h -a hunter2 ping", "redis-cli -h h -a X ping"),
    ("openssl rsa -passin pass:hunter2", "openssl rsa -passin pass:X"),
    ("ConvertTo-SecureString 'hunter2' -AsPlainText", "ConvertTo-SecureString X -AsPlainText"),
    ("x ghp_abcdefghijklmnopqrstuvwxyz0123456789 y", "x X y"),
    ("x eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxMjM0In0.c2lnbmF0dXJl y", "x X y"),
    ("app --password 'unclosed and more", "app --password X"),
    ("psexec \\\\h -u bob -p hunter2 cmd", "psexec \\\\h -u bob -p X cmd"),
    ("app -p hunter2", "app -p X"),
    ("app --password=hunter2 x", "app --password=X x"),
    ("app --passwd=hunter2", "app --passwd=X"),
    ("app /p:hunter2", "app /p:X"),
    ("app /password hunter2", "app /password X"),
    ("AccountKey=hunter2==;", "AccountKey=X;"),
    ("net user x hunter2", "net user x X"),
    ("net user x hunter2 /add /domain", "net user x X /add /domain"),
    ('net  user "x y" hunter2 /add', 'net  user "x y" X /add'),
    ("net1 user x hunter2", "net1 user x X"),
    ("C:\\Windows\\System32\\net.exe user x hunter2 /add", "C:\\Windows\\System32\\net.exe user x X /add"),
    ("net user /add x hunter2", "net user /add x X"),
    ('net user x "hunter2 a" /add', "net user x X /add"),
    ("curl -u user:hunter2 http://x", "curl -u user:X http://x"),
    ("curl -uuser:hunter2 http://x", "curl -uuser:X http://x"),
    ('curl --user "user:hunter2" http://x', 'curl --user "user:X" http://x'),
    ('curl -H "Authorization: Bearer hunter2" x', 'curl -H "Authorization: Bearer X" x'),
    ('curl -H "Api-Key: hunter2" x', 'curl -H "Api-Key: X" x'),
    ('curl -H "Auth-Token: hunter2"', 'curl -H "Auth-Token: X"'),
    ("curl -H 'Authorization: token hunter2'", "curl -H 'Authorization: token X'"),
    ("curl -H 'PRIVATE-TOKEN: hunter2'", "curl -H 'PRIVATE-TOKEN: X'"),
    ("curl -d 'username=a&password=hunter2&x=1' x", "curl -d 'username=a&password=X&x=1' x"),
    ('curl -d \'{"password":"hunter2"}\' x', "curl -d '{\"password\":X}' x"),
    ('curl -b "session=hunter2" x', "curl -b X x"),
    ("AWS_SECRET_ACCESS_KEY=hunter2 aws s3 ls", "AWS_SECRET_ACCESS_KEY=X aws s3 ls"),
    ('export AWS_SECRET_ACCESS_KEY="hunter2"', "export AWS_SECRET_ACCESS_KEY=X"),
    ("set AWS_SECRET_ACCESS_KEY=hunter2", "set AWS_SECRET_ACCESS_KEY=X"),
    ("AWS_SESSION_TOKEN=hunter2", "AWS_SESSION_TOKEN=X"),
    ("aws configure set aws_secret_access_key hunter2", "aws configure set aws_secret_access_key X"),
    ("sshpass -p hunter2 ssh a", "sshpass -p X ssh a"),
    ("sshpass -phunter2 ssh a", "sshpass -pX ssh a"),
    ("SSHPASS=hunter2 sshpass -e ssh", "SSHPASS=X sshpass -e ssh"),
    ("mysql -u root -phunter2 db", "mysql -u root -pX db"),
    ("mysql -u root --password=hunter2", "mysql -u root --password=X"),
    ("mysqladmin -uroot password hunter2", "mysqladmin -uroot password X"),
    ("MYSQL_PWD=hunter2 mysql", "MYSQL_PWD=X mysql"),
    ("PGPASSWORD=hunter2 psql", "PGPASSWORD=X psql"),
    ("psql postgresql://u:hunter2@h/db", "psql postgresql://u:X@h/db"),
    ('psql "host=x password=hunter2"', 'psql "host=x password=X"'),
    ("ConvertTo-SecureString hunter2 -AsPlainText -Force", "ConvertTo-SecureString X -AsPlainText -Force"),
    (
        'ConvertTo-SecureString -String "hunter2" -AsPlainText -Force',
        "ConvertTo-SecureString -String X -AsPlainText -Force",
    ),
    ('ConvertTo-SecureString -AsPlainText "hunter2" -Force', "ConvertTo-SecureString -AsPlainText X -Force"),
    (
        'ConvertTo-SecureString -AsPlainText -Force -String "hunter2"',
        "ConvertTo-SecureString -AsPlainText -Force -String X",
    ),
    ("New-LocalUser -Name a -Password hunter2", "New-LocalUser -Name a -Password X"),
    ('$pw = "hunter2"', "$pw = X"),
    ('$password = "hunter2"', "$password = X"),
    ("https://user:hunter2@host/x", "https://user:X@host/x"),
    ("ftp://user:hunter2@host", "ftp://user:X@host"),
    ("redis://:hunter2@host:6379", "redis://:X@host:6379"),
    ("mongodb://u:hunter2@h", "mongodb://u:X@h"),
    ("sqlcmd -S h -U sa -P hunter2 -Q x", "sqlcmd -S h -U sa -P X -Q x"),
    ("sqlcmd -S h -U sa -Phunter2", "sqlcmd -S h -U sa -PX"),
    ("osql -U sa -P hunter2", "osql -U sa -P X"),
    ("bcp x out y -U sa -P hunter2", "bcp x out y -U sa -P X"),
    ('winscp /command "open sftp://u:hunter2@h"', 'winscp /command "open sftp://u:X@h"'),
    ("plink -pw hunter2 h", "plink -pw X h"),
    ("putty.exe -ssh h -pw hunter2", "putty.exe -ssh h -pw X"),
    (
        "wmic /node:h /user:u /password:hunter2 process call create x",
        "wmic /node:h /user:u /password:X process call create x",
    ),
    ('wmic /node:h /user:u /password:"hunter2 a" x', "wmic /node:h /user:u /password:X x"),
    ("schtasks /create /ru u /rp hunter2", "schtasks /create /ru u /rp X"),
    ("sc config x obj= .\\u password= hunter2", "sc config x obj= .\\u password= X"),
    ('sc.exe create x binPath= y password= "hunter2"', "sc.exe create x binPath= y password= X"),
    ("cmdkey /generic:x /user:u /pass:hunter2", "cmdkey /generic:x /user:u /pass:X"),
    ("cmdkey /add:x /user:u /pass hunter2", "cmdkey /add:x /user:u /pass X"),
    ("xfreerdp /u:a /p:hunter2 /v:h", "xfreerdp /u:a /p:X /v:h"),
    ("rdesktop -u a -p hunter2 h", "rdesktop -u a -p X h"),
    ("evil-winrm -i h -u a -p hunter2", "evil-winrm -i h -u a -p X"),
    ("evil-winrm -i h -u a -H hunter2", "evil-winrm -i h -u a -H X"),
    ("impacket-psexec dom/u:hunter2@h", "impacket-psexec dom/u:X@h"),
    ("psexec.py dom/u:hunter2@1.1.1.1", "psexec.py dom/u:X@1.1.1.1"),
    (
        "secretsdump.py -hashes aad3b435b51404eeaad3b435b51404ee:31d6cfe0d16ae931b73c59d7e0c089c0 u@h",
        "secretsdump.py -hashes X u@h",
    ),
    ("crackmapexec smb h -u a -p hunter2", "crackmapexec smb h -u a -p X"),
    ('mimikatz "sekurlsa::pth /user:a /ntlm:hunter2"', 'mimikatz "sekurlsa::pth /user:a /ntlm:X"'),
    (
        'mimikatz "lsadump::dcsync /user:krbtgt /rc4:hunter2"',
        'mimikatz "lsadump::dcsync /user:krbtgt /rc4:X"',
    ),
    ("Rubeus.exe asktgt /user:a /rc4:hunter2", "Rubeus.exe asktgt /user:a /rc4:X"),
    ("Rubeus.exe asktgt /user:a /password:hunter2", "Rubeus.exe asktgt /user:a /password:X"),
    ("echo hunter2 | sudo -S id", "echo X | sudo -S id"),
    ("echo 'hunter2' | passwd --stdin bob", "echo X | passwd --stdin bob"),
    ("echo bob:hunter2 | chpasswd", "echo X | chpasswd"),
    ("useradd -p hunter2 bob", "useradd -p X bob"),
    ("usermod --password hunter2 bob", "usermod --password X bob"),
    ("openssl enc -k hunter2", "openssl enc -k X"),
    ("openssl enc -pass pass:hunter2", "openssl enc -pass X"),
    ("openssl passwd -1 hunter2", "openssl passwd -1 X"),
    ("zip -P hunter2 a.zip b", "zip -P X a.zip b"),
    ("unzip -P hunter2 a.zip", "unzip -P X a.zip"),
    ("gpg --passphrase hunter2", "gpg --passphrase X"),
    ('ansible-playbook -e "ansible_password=hunter2"', 'ansible-playbook -e "ansible_password=X"'),
    ("docker login -u a -p hunter2", "docker login -u a -p X"),
    ("docker run -e DB_PASS=hunter2 x", "docker run -e DB_PASS=X x"),
    ("docker run -e POSTGRES_PASSWORD=hunter2 x", "docker run -e POSTGRES_PASSWORD=X x"),
    ("docker run --env API_KEY=hunter2", "docker run --env API_KEY=X"),
    (
        "kubectl create secret generic x --from-literal=password=hunter2",
        "kubectl create secret generic x --from-literal=password=X",
    ),
    (
        "kubectl create secret generic x --from-literal=key=hunter2",
        "kubectl create secret generic x --from-literal=key=X",
    ),
    ("helm install --set auth.password=hunter2", "helm install --set auth.password=X"),
    ("vault login hunter2", "vault login X"),
    ("vault login token=hunter2", "vault login token=X"),
    ("VAULT_TOKEN=hunter2 vault read", "VAULT_TOKEN=X vault read"),
    ("gh auth login --with-token hunter2", "gh auth login --with-token X"),
    ("GITHUB_TOKEN=hunter2 gh x", "GITHUB_TOKEN=X gh x"),
    ("git clone https://oauth2:hunter2@gitlab.com/x", "git clone https://oauth2:X@gitlab.com/x"),
    (
        "npm config set //registry.npmjs.org/:_authToken=hunter2",
        "npm config set //registry.npmjs.org/:_authToken=X",
    ),
    ("npm config set _auth hunter2", "npm config set _auth X"),
    ("pip install --index-url https://u:hunter2@pypi/x", "pip install --index-url https://u:X@pypi/x"),
    (
        "az login --service-principal -u a -p hunter2 --tenant x",
        "az login --service-principal -u a -p X --tenant x",
    ),
    ("az login -u a --password hunter2", "az login -u a --password X"),
    ("az login --username a --client-secret hunter2", "az login --username a --client-secret X"),
    ('az storage blob list --sas-token "hunter2"', "az storage blob list --sas-token X"),
    (
        'az storage x --connection-string "AccountName=a;AccountKey=hunter2;EndpointSuffix=x"',
        'az storage x --connection-string "AccountName=a;AccountKey=X;EndpointSuffix=x"',
    ),
    (
        'azcopy cp x "https://a.blob.core.windows.net/c?sv=1&sig=hunter2&se=x"',
        'azcopy cp x "https://a.blob.core.windows.net/c?sv=1&sig=X&se=x"',
    ),
    ("SharedAccessKeyName=Root;SharedAccessKey=hunter2", "SharedAccessKeyName=Root;SharedAccessKey=X"),
    ("smbclient //h/c -U a%hunter2", "smbclient //h/c -U a%X"),
    ("smbclient //h/c hunter2 -U a", "smbclient //h/c X -U a"),
    (
        "mount -t cifs //h/c /m -o username=a,password=hunter2",
        "mount -t cifs //h/c /m -o username=a,password=X",
    ),
    ("mount -t cifs //h/c /m -o user=a,pass=hunter2", "mount -t cifs //h/c /m -o user=a,pass=X"),
    ("net use Z: \\\\h\\c hunter2 /user:a", "net use Z: \\\\h\\c X /user:a"),
    ("net use \\\\h\\c /user:a hunter2", "net use \\\\h\\c /user:a X"),
    ("net use \\\\h\\c /u:a hunter2", "net use \\\\h\\c /u:a X"),
    ('net use Z: \\\\h\\c /user:dom\\a "hunter2"', "net use Z: \\\\h\\c /user:dom\\a X"),
    (
        'New-Object System.Net.NetworkCredential("u","hunter2")',
        'New-Object System.Net.NetworkCredential("u",X)',
    ),
    (
        "New-Object System.Net.NetworkCredential('u', 'hunter2')",
        "New-Object System.Net.NetworkCredential('u', X)",
    ),
    (
        "(New-Object PSCredential('u',(ConvertTo-SecureString 'hunter2' -AsPlainText -Force)))",
        "(New-Object PSCredential('u',(ConvertTo-SecureString X -AsPlainText -Force)))",
    ),
    ("ldapsearch -D x -w hunter2", "ldapsearch -D x -w X"),
    ("ldapsearch -xw hunter2", "ldapsearch -xw X"),
    ("rclone --sftp-pass hunter2", "rclone --sftp-pass X"),
    ("lftp -u a,hunter2 h", "lftp -u a,X h"),
    ("wget --user=a --password=hunter2 x", "wget --user=a --password=X x"),
    ("wget --http-password=hunter2 x", "wget --http-password=X x"),
    ("snmpwalk -v2c -c hunter2 h", "snmpwalk -v2c -c X h"),
    ("ipmitool -U a -P hunter2 x", "ipmitool -U a -P X x"),
    ("ipmitool -I lan -U a -P hunter2 x", "ipmitool -I lan -U a -P X x"),
    (
        "java -Djavax.net.ssl.keyStorePassword=hunter2 -jar x",
        "java -Djavax.net.ssl.keyStorePassword=X -jar x",
    ),
    ("java -Dspring.datasource.password=hunter2", "java -Dspring.datasource.password=X"),
    ("keytool -storepass hunter2", "keytool -storepass X"),
    ("signtool sign /p hunter2 /f x", "signtool sign /p X /f x"),
    ("certutil -p hunter2 -importpfx x", "certutil -p X -importpfx x"),
    ("Import-PfxCertificate -Password hunter2", "Import-PfxCertificate -Password X"),
    ("netsh wlan set hostednetwork key=hunter2", "netsh wlan set hostednetwork key=X"),
    ("netsh wlan connect key=hunter2", "netsh wlan connect key=X"),
    ("nmcli dev wifi connect x password hunter2", "nmcli dev wifi connect x password X"),
    ("wpa_passphrase ssid hunter2", "wpa_passphrase ssid X"),
    ("dsmod user x -pwd hunter2", "dsmod user x -pwd X"),
    ("dsadd user x -pwd hunter2", "dsadd user x -pwd X"),
    ("Set-ADAccountPassword -NewPassword hunter2", "Set-ADAccountPassword -NewPassword X"),
    ("tscon 1 /password:hunter2", "tscon 1 /password:X"),
    ("msiexec /i x PASSWORD=hunter2", "msiexec /i x PASSWORD=X"),
    ('msiexec /i x TOKEN="hunter2"', "msiexec /i x TOKEN=X"),
    ("setup.exe -secret=hunter2", "setup.exe -secret=X"),
    ("app --api-key hunter2", "app --api-key X"),
    ("app --apikey=hunter2", "app --apikey=X"),
    ("app --auth-token hunter2", "app --auth-token X"),
    ("app --access-token=hunter2", "app --access-token=X"),
    ("app --client_secret=hunter2", "app --client_secret=X"),
    ("app --secret-key hunter2", "app --secret-key X"),
    ("app SECRET_KEY=hunter2", "app SECRET_KEY=X"),
    ("app --token=hunter2", "app --token=X"),
    ("slack xoxb-123456789012-abcdefghijkl", "slack X"),
    ("stripe sk_live_abcdefghijklmnopqrstuvwx", "stripe X"),
    ("Authorization: Basic dXNlcjpodW50ZXIy", "Authorization: Basic X"),
    ("htpasswd -b f u hunter2", "htpasswd -b f u X"),
    ("rasdial x u hunter2", "rasdial x u X"),
    ("winrs -r:h -u:a -p:hunter2 x", "winrs -r:h -u:a -p:X x"),
    ("sudo -S <<< hunter2", "sudo -S <<< X"),
    ("xxx --pass hunter2", "xxx --pass X"),
    ("xxx --pass=hunter2", "xxx --pass=X"),
    ("xxx -pass hunter2", "xxx -pass X"),
    ("xxx -pwd hunter2", "xxx -pwd X"),
    ("xxx -passwd hunter2", "xxx -passwd X"),
    ("xxx -Password hunter2", "xxx -Password X"),
    ("xxx --pw hunter2", "xxx --pw X"),
    ("xxx --pwd=hunter2", "xxx --pwd=X"),
    ("xxx pass=hunter2", "xxx pass=X"),
    ("xxx passwort=hunter2", "xxx passwort=X"),
    ("xxx -token hunter2", "xxx -token X"),
    ('plink.exe -l a -pw "hunter2" h', "plink.exe -l a -pw X h"),
    (
        'reg add "HKLM\\x\\Winlogon" /v DefaultPassword /t REG_SZ /d hunter2 /f',
        'reg add "HKLM\\x\\Winlogon" /v DefaultPassword /t REG_SZ /d X /f',
    ),
    ('cmd /c "net user x hunter2 /add"', 'cmd /c "net user x X /add"'),
    ('powershell -c "net user x hunter2 /add"', 'powershell -c "net user x X /add"'),
    (
        "powershell net user x hunter2 /add & net localgroup x",
        "powershell net user x X /add & net localgroup x",
    ),
]
# Nothing here is a secret.
PLAIN = [
    "mkdir -p /srv/data",
    "ssh -p 22 host",
    "cp -p a b",
    "net use",
    "net user",
    "net user bob /domain",
    "net use Z: \\\\h\\share /user:bob",
    "net user bob * /add",
    "MSBuild.exe x.sln /p:Configuration=Release /p:Platform=x64",
    "PWD=/home/bob OLDPWD=/tmp ls",
    "C:\\Windows\\System32\\svchost.exe -k netsvcs -p -s Schedule",
    "TokenElevationType=1",
    "ls --passive",
    "keytool -list",
    "mysql -u root -p db",
    "git log --pretty=oneline -p",
    "type C:\\secrets\\list.txt",
    "https://example.com:8080/a@b",
    "cmd /c echo key",
    "powershell -EncodedCommand SQBFAFgAIAAoAE4AZQB3AC0ATwBiAGoAZQBjAHQA",
    "powershell.exe -NoP -W Hidden -enc SQBFAFgA",
    "nmap -p 80,443 host",
    "docker run -p 8080:80 nginx",
    "docker compose -p proj up",
    "app -p 8080",
    "app -p /srv/data",
    "app -p C:\\data",
    "net user administrator /active:yes",
    "net use \\\\h\\share /persistent:yes",
    "reg query HKLM /f password /t REG_SZ /s",
    "findstr /si password *.txt",
    "cat /etc/passwd",
    "mysql -h h -P 3306",
    "netsh wlan show profile name=x key=clear",
    "signtool verify /pa x",
    "sqlcmd -S h -E",
    'schtasks.exe /Create /TN x /TR "powershell.exe -NonI -W hidden -c x"',
]


@pytest.mark.parametrize(("text", "expected"), FORMS)
def test_secrets_in_common_forms_are_redacted_and_the_rest_stays(text: str, expected: str) -> None:
    """The form stays readable; only the secret goes."""
    assert expected.replace("X", MARK) == Redactor(defaults=True).text(text)


@pytest.mark.parametrize(("text", "expected"), FORMS)
def test_secrets_go_from_the_record_as_it_came(text: str, expected: str) -> None:
    """Inside JSON, with its escapes: event.original keeps the form and loses the secret."""
    original = json.dumps({"EventID": 4688, "CommandLine": text, "User": "bob"})
    secret = {"hunter2", "a b", "abc/+d==", "abc==", "ab%2Fc", "abcdefghijk", "YWxhZGRpbjpvcGVu", "me:pass@"}
    redacted = Redactor(defaults=True).text(original)

    assert MARK in redacted
    assert [] == [word for word in secret if word in redacted]
    assert redacted.startswith('{"EventID": 4688, "CommandLine": "')


@pytest.mark.parametrize("text", PLAIN)
def test_what_is_no_secret_stays(text: str) -> None:
    """Analysts need the command line."""
    assert text == Redactor(defaults=True).text(text)


def test_values_of_json_fields_named_as_secrets_go() -> None:
    """Records hold more than command lines."""
    original = json.dumps({"password": 'a"b', "apiKey": "c", "user": "bob"})

    assert '{"password": X, "apiKey": X, "user": "bob"}'.replace("X", MARK) == Redactor(defaults=True).text(
        original
    )


def test_own_rules_apply_after_the_defaults() -> None:
    """A site's own identifiers, in texts and in names; the defaults are not for names."""
    redactor = Redactor(defaults=True, rules=[(re.compile(r"\bEMP\d+"), "EMP")])

    assert f"user EMP --password {MARK}" == redactor.text("user EMP4711 --password x")
    assert "CORP\\EMP token=x" == redactor.name("CORP\\EMP4711 token=x")


def test_without_defaults_only_own_rules_apply() -> None:
    """redact.defaults: false."""
    assert "--password x" == Redactor(defaults=False).text("--password x")


@given(st.text(st.sampled_from("pasword-/=:\\\"' @.netusr"), max_size=300))
def test_redacting_twice_changes_nothing_more_than_marks(text: str) -> None:
    """No input raises, and no input grows beyond what the marks add."""
    redacted = Redactor(defaults=True).text(text)

    assert len(redacted) <= len(text) * (len(MARK) + 1)


WORST = [
    *("--password ", "psexec ", "psexec -p -x ", "mysql -", "mysql -pport ", "://a:", "://", "eyJaaaaaaaaa."),
    *(
        "net user a ",
        "net use \\\\a ",
        '"',
        "\\",
        '\\"',
        "password=",
        "curl -u a",
        ".py a/b:",
        "bearer ",
        "a" * 50,
    ),
    *(
        "-p a ",
        "-p a",
        "mkdir -p a ",
        "net user ",
        "net user /a ",
        "net use /u:",
        "echo a ",
        "echo a|",
        "netsh key=",
    ),
    *(
        "reg add /v pass ",
        "-name pass ",
        "$pw=",
        "$",
        "networkcredential(",
        "vault login -a ",
        "snmpget -c ",
        "zip -P ",
    ),
    *(
        "openssl -k ",
        "openssl passwd -a ",
        "config set token ",
        "/setcredentials a ",
        "sudo -S ",
        "impacket-a a/b:",
    ),
    *("-----BEGIN PRIVATE KEY-----", "smbclient -U ", "/p:a.b", "authorization: basic", "-", "passw"),
]


@pytest.mark.parametrize("piece", WORST)
def test_time_is_linear_in_the_text(piece: str) -> None:
    """What an attacker writes cannot hold the stream up: 256 KiB of the worst, all rules in play."""
    redactor = Redactor(defaults=True)
    text = (piece * (262_144 // len(piece)))[:262_144] + "\n" + " ".join(form for form, _ in FORMS)
    start = time.process_time()
    redactor.text(text)

    assert time.process_time() - start < 20
