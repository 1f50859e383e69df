# Builds the configuration of one case and runs its server.
set -e
hostname mx.target.test
cd /etc/mail
m4 base.mc > sendmail.cf
touch case.access
cat base.access case.access > access
for table in access virtusertable; do
    touch "$table"
    makemap hash "$table" < "$table"
done
# Sendmail wants its key to itself.
install -m 600 {certificate} certificate.pem
install -m 600 {key} key.pem
mkdir -p -m 700 /var/spool/mqueue
/usr/libexec/sendmail/sendmail -bi > /dev/null
exec /usr/libexec/sendmail/sendmail -bD -q5s
