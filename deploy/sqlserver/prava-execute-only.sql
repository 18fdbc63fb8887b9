-- Práva portálu pro strategii "execute-only": jen spustit trasy.ZP_Zapis_XML. Nic se nezakládá.
--
-- Spouští správce databáze; spustit znovu neškodí. Přihlášení a uživatel: viz prava.sql.
-- Má-li portál zjišťovat stav příkazu (INSYZ_SQL_LOOKUP), potřebuje i právo na to, čeho se ptá:
--     GRANT EXECUTE ON OBJECT::trasy.ZP_Detail TO insyz_portal;

IF DATABASE_PRINCIPAL_ID(N'insyz_portal') IS NULL
    CREATE ROLE insyz_portal;
GO
GRANT EXECUTE ON OBJECT::trasy.ZP_Zapis_XML TO insyz_portal;
GO
